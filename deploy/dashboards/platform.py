"""平台 and 单个服务: how the machinery does."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.dashboards.parts import Link, Rows, bars, board, number, ratio, series, stacked, values_of

OVERVIEW = Link("服务总览", "/gateway/overview")
OPS = Link("运维页：死信的查看、重放与丢弃", "/gateway/ops")
ERRORS = 'status=~"5.."'


def quantiles(metric: str, by: str = "", where: str = "", window: str = "5m") -> dict[str, str]:
    """p50, p95 and p99 of a histogram, by a label where there is one."""
    groups = f"{by}, le" if by else "le"
    each = f" {{{{{by}}}}}" if by else ""
    return {
        f"p{q}{each}": f"histogram_quantile(0.{q}, sum by ({groups}) (rate({metric}_bucket{{{where}}}[{window}])))"
        for q in (50, 95, 99)
    }


def platform() -> Dashboard:
    rows = {**_events(), **_doors(), **_machines()}
    return board("platform", "平台", "吞吐、延迟、积压、数据库、Kafka 与进程。", rows, since="now-3h")


def _events() -> Rows:
    return {
        "承诺": [
            series("未守承诺的比例", "一分钟后才决定的事实、一分钟后才下达的回访、未受理的短信，各占一小时内的比例",
                   {"决定": "huifang:facts_decided_late:ratio_rate1h", "下达": "huifang:releases_late:ratio_rate1h",
                    "短信": "huifang:sms_not_accepted:ratio_rate1h"}, "percentunit", span=12),
            bars("告警", "现在触发与待定的告警数",
                 {"{{alertname}} {{alertstate}}": "count by (alertname, alertstate) (ALERTS)"}, span=12),
        ],
        "吞吐与延迟": [
            series("吞吐", "每秒消费的事件数，按消费者", {"{{consumer}}": "huifang:consumer_events:rate5m"}, "ops"),
            series("决定延迟", "一批中最早的事实从进入 Kafka 到决定的时间，分位数",
                   quantiles("huifang_scheduler_decision_delay_seconds"), "s"),
            series("批处理耗时", "一批事件的事务耗时，分位数，按消费者",
                   {"p95 {{consumer}}": "histogram_quantile(0.95, sum by (consumer, le) "
                    "(rate(huifang_consumer_batch_seconds_bucket[5m])))"}, "s"),
        ],
        "消费与死信": [
            series("待消费", "尚未消费的消息数，按消费者", {"{{consumer}}": "huifang:consumer_lag_messages:sum"}),
            series("积压且无进展", "有积压而没有进展的时长，按消费者",
                   {"{{consumer}}": "max by (consumer) (huifang_consumer_age_seconds)"}, "s"),
            bars("在线与停止", "消费者是否在线（1）、是否已自行停止（1）",
                 {"{{consumer}} 在线": "max by (consumer) (huifang_consumer_joined)",
                  "{{consumer}} 已停止": "max by (consumer) (huifang_consumer_halted)"}),
            series("死信", "待处理死信数，按消费者", {"{{consumer}}": "max by (consumer) (huifang_dead_letters_open)"},
                   link=OPS),
            stacked("事件处理结果", "每秒事件数，按结果", {
                "{{outcome}}": "sum by (outcome) (rate(huifang_consumer_events_total[5m]))"}, "ops"),
            stacked("统计写入", "每秒计入统计的事件数（按来源）与写入行数", {
                "{{producer}}": "sum by (producer) (rate(huifang_analytics_events_total[5m]))",
                "行": "sum(rate(huifang_analytics_figure_rows_total[5m]))"}, "ops"),
        ],
    }  # fmt: skip


def _doors() -> Rows:
    return {
        "发布": [
            series("待发布", "尚未发布的事件数，按服务",
                   {"{{service}}": "max by (service) (huifang_outbox_rows)"}, link=OVERVIEW),
            series("待发布的最长等待", "最早一条待发布事件的等待时间，按服务",
                   {"{{service}}": "max by (service) (huifang_outbox_age_seconds)"}, "s"),
            series("发布速度与分片", "每秒发布的事件数；有人负责的分片数（应为 16）",
                   {"{{service}} 每秒": "sum by (service) (rate(huifang_outbox_published_total[5m]))",
                    "{{service}} 分片": "sum by (service) (huifang_relay_shard_held)"}),
        ],
        "接入与回写": [
            series("原始消息", "待识别的原始消息数与其最长等待（秒）",
                   {"待识别": "max(huifang_gateway_raw_pending)", "最长等待": "max(huifang_gateway_raw_age_seconds)"}),
            stacked("未能接收", "每小时未能成为事实的消息数，按来源与原因", {
                "{{source}} {{reason}}": "sum by (source, reason) (rate(huifang_gateway_refused_total[1h])) * 3600"}),
            series("回写", "待回写数、一日内放弃数、最长等待（秒）",
                   {"待回写": "max(huifang_gateway_writeback_pending)", "已放弃": "max(huifang_gateway_writeback_failed)",
                    "最长等待": "max(huifang_gateway_writeback_age_seconds)"}),
        ],
        "数据库": [
            ratio("连接占用率", "占用的连接数 ÷ 连接池上限，按服务", "sum by (service) (huifang_database_pool_in_use)",
                  "sum by (service) (huifang_database_pool_size)", "service"),
            series("连接等待", "每秒因没有空闲连接而等待的总时长，按服务",
                   {"{{service}} {{pool}}": "sum by (service, pool) (rate(huifang_database_pool_wait_seconds_sum[5m]))"}, "s"),
            series("数据库大小", "各服务数据库的大小", {"{{service}}": "max by (service) (huifang_database_bytes)"}, "bytes"),
            bars("预建分区", "今天之后已建好分区的天数，按表",
                 {"{{service}} {{table}}": "min by (service, table) (huifang_partitions_ahead_days)"}, "d"),
            bars("数据库可用", "最近一次采集时数据库是否应答（1）",
                 {"{{service}}": "max by (service) (huifang_database_up)"}),
            bars("PostgreSQL 连接（exporter）", "postgres_exporter 所见各库的连接数",
                 {"{{datname}}": "max by (datname) (pg_stat_database_numbackends)", "可用": "max(pg_up)"}),
        ],
    }  # fmt: skip


def _machines() -> Rows:
    return {
        "Kafka 与机器（exporter）": [
            number("Kafka", "kafka_exporter 所见的节点数与副本不足的分区数",
                   {"节点": "max(kafka_brokers)",
                    "副本不足": "sum(kafka_topic_partition_under_replicated_partition)"}, span=8),
            ratio("磁盘可用", "可用空间 ÷ 容量，按磁盘（node_exporter）",
                  'sum by (mountpoint) (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"})',
                  'sum by (mountpoint) (node_filesystem_size_bytes{fstype!~"tmpfs|overlay|squashfs"})', "mountpoint"),
            number("密钥与证书", "两周内到期的访问密钥数；密钥文件是否损坏；服务所用证书、访问地址的证书最早几天后到期，"
                   "后者共有效几天；审计记录不完整的服务数；有争议的单位数",
                   {"到期密钥": "max(huifang_api_keys_expiring)", "密钥文件损坏": "max(huifang_keys_file_broken)",
                    "证书剩余天数": "(min(huifang_certificate_ends_timestamp_seconds) - time()) / 86400",
                    "访问证书剩余天数":
                        "(min(huifang_gateway_front_certificate_ends_timestamp_seconds) - time()) / 86400",
                    "访问证书有效天数":
                        "(min(huifang_gateway_front_certificate_ends_timestamp_seconds) "
                        "- min(huifang_gateway_front_certificate_begins_timestamp_seconds)) / 86400",
                    "审计记录不完整": "sum(max by (service) (huifang_audit_log_broken))",
                    "有争议的单位": "max(huifang_units_disputed)"}, span=8),
        ],
        "进程": [
            series("内存", "各进程的常驻内存", {"{{service}}": 'process_resident_memory_bytes{job="huifang"}'}, "bytes"),
            series("CPU", "各进程占用的 CPU 核数", {"{{service}}": 'rate(process_cpu_seconds_total{job="huifang"}[5m])'}),
            series("事件循环延迟", "事件循环比预定晚多少被唤醒，p99，按服务",
                   {"{{service}}": "histogram_quantile(0.99, sum by (service, le) "
                    "(rate(huifang_event_loop_delay_seconds_bucket[5m])))"}, "s"),
            bars("采集", "最近一次采集是否成功（1），按服务",
                 {"{{service}} {{instance}}": 'up{job="huifang"}'}),
            series("已运行", "现在 − 进程启动时间，按进程；突然归零即刚重启过",
                   {"{{service}} {{instance}}": 'time() - process_start_time_seconds{job="huifang"}'}, "s"),
            bars("版本", "正在运行的版本与提交",
                 {"{{service}} {{version}} {{commit}}": "max by (service, version, commit) (huifang_build_info)"}),
            series("统计的新鲜程度", "现在 − 最新计入统计的事件的时间（模拟时钟下无意义）",
                   {"延迟": "time() - max(huifang_analytics_newest_event_timestamp_seconds)"}, "s"),
            series("时间序列数", "Prometheus 保存的时间序列数", {"序列": "max(prometheus_tsdb_head_series)"}),
        ],
    }  # fmt: skip


def service() -> Dashboard:
    one = 'service="$service"'
    requests = "huifang_http_request_seconds"
    jobs = f"huifang_job_last_success_timestamp_seconds{{{one}}}"
    rows: Rows = {
        "请求（RED）": [
            stacked("每秒请求", "每秒请求数，按路由", {
                "{{method}} {{route}}": f"sum by (method, route) (rate({requests}_count{{{one}}}[5m]))"}, "reqps"),
            ratio("出错率", "5xx 的请求数 ÷ 请求数（5 分钟内）",
                  f"sum(increase({requests}_count{{{one},{ERRORS}}}[5m])) or vector(0)",
                  f"sum(increase({requests}_count{{{one}}}[5m]))"),
            series("耗时", "请求耗时的分位数", quantiles(requests, where=one), "s", OVERVIEW),
            stacked("答复", "每秒请求数，按状态码", {
                "{{status}}": f"sum by (status) (rate({requests}_count{{{one}}}[5m]))"}, "reqps", span=12),
            series("最慢的路由", "各路由耗时 p95", {
                "{{route}}": f"topk(8, histogram_quantile(0.95, sum by (route, le) (rate({requests}_bucket{{{one}}}[5m]))))"},
                "s", span=12),
        ],
        "作业": [
            series("作业耗时", "各作业一次运行的耗时 p95", {
                "{{job}}": f"histogram_quantile(0.95, sum by (job, le) (rate(huifang_job_seconds_bucket{{{one}}}[5m])))"}, "s"),
            series("作业失败", "每小时失败次数，按作业", {
                "{{job}}": f"sum by (job) (rate(huifang_job_failures_total{{{one}}}[15m])) * 3600"}),
            bars("作业最近成功", "现在 − 最近一次成功的时间；旁为作业间隔", {
                "{{job}}": f"time() - max by (job) ({jobs})",
                "{{job}} 间隔": f"max by (job) (huifang_job_interval_seconds{{{one}}})"}, "s"),
        ],
        "资源（USE）": [
            series("CPU", "进程占用的 CPU 核数", {"{{instance}}": f"rate(process_cpu_seconds_total{{{one}}}[5m])"}, span=6),
            series("内存", "进程的常驻内存与虚拟内存",
                   {"{{instance}} 常驻": f"process_resident_memory_bytes{{{one}}}",
                    "{{instance}} 虚拟": f"process_virtual_memory_bytes{{{one}}}"}, "bytes", span=6),
            series("事件循环延迟", "事件循环比预定晚多少被唤醒，分位数",
                   quantiles("huifang_event_loop_delay_seconds", where=one), "s", span=6),
            series("垃圾回收", "每秒垃圾回收次数，按代", {
                "{{generation}}": f"sum by (generation) (rate(python_gc_collections_total{{{one}}}[5m]))"}, span=6),
            ratio("连接占用率", "占用的连接数 ÷ 连接池上限，按连接池", f"sum by (pool) (huifang_database_pool_in_use{{{one}}})",
                  f"sum by (pool) (huifang_database_pool_size{{{one}}})", "pool", span=12),
            ratio("打开的文件", "打开的文件数 ÷ 上限", f"sum(process_open_fds{{{one}}})", f"sum(process_max_fds{{{one}}})",
                  span=12),
        ],
    }  # fmt: skip
    chosen = values_of("service", "service", "服务", 'up{job="huifang"}', several=False)
    return board("service", "单个服务", "一个服务的请求、作业与资源。", rows, [chosen], "now-1h")
