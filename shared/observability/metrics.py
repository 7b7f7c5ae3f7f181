"""What every service measures of itself; a service declares its own beside its code with the prefix `huifang_<service>_`."""

from shared.observability.catalogue import counter, gauge, histogram

SERVICES = 16
CONSUMERS = 16
TOPICS = 40
JOBS = 40
ROUTES = 400
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OUTCOMES = ("handled", "duplicate", "ignored", "dead")
POOLS = ("http", "background")
TABLES = 12

# --- HTTP
HTTP_SECONDS = histogram(
    "huifang_http_request_seconds", "HTTP requests by route", "HTTP 请求耗时",
    labels={"service": SERVICES, "method": METHODS, "route": ROUTES, "status": 60},
)  # fmt: skip

# --- consuming
CONSUMER_EVENTS = counter(
    "huifang_consumer_events_total", "Events by outcome (handled, duplicate, dead, ignored)", "消费的事件数",
    labels={"consumer": CONSUMERS, "outcome": OUTCOMES},
)  # fmt: skip
CONSUMER_BATCH_SECONDS = histogram(
    "huifang_consumer_batch_seconds", "Time of one batch's transaction", "一批事件的处理耗时",
    labels={"consumer": CONSUMERS},
)  # fmt: skip
CONSUMER_LAG = gauge(
    "huifang_consumer_lag_messages", "Messages not yet consumed", "待消费消息数",
    labels={"consumer": CONSUMERS, "topic": TOPICS},
)  # fmt: skip
CONSUMER_AGE = gauge(
    "huifang_consumer_age_seconds", "Machine time since the last progress while behind", "积压且无进展的时长", "s",
    labels={"consumer": CONSUMERS},
)  # fmt: skip
CONSUMER_JOINED = gauge(
    "huifang_consumer_joined", "1 while the consumer is a member of its group: 0 without Kafka", "消费者是否在线",
    labels={"consumer": CONSUMERS},
)  # fmt: skip
CONSUMER_HALTED = gauge(
    "huifang_consumer_halted", "1 while the consumer has stopped itself for too many dead letters", "消费是否已自行停止",
    labels={"consumer": CONSUMERS},
)  # fmt: skip
DEAD_LETTERS = gauge(
    "huifang_dead_letters_open", "Dead letters waiting for somebody", "待处理死信数", labels={"consumer": CONSUMERS}
)

# --- publishing
OUTBOX_ROWS = gauge(
    "huifang_outbox_rows", "Outgoing events not yet published", "待发布事件数", labels={"service": SERVICES}
)
OUTBOX_AGE = gauge(
    "huifang_outbox_age_seconds", "Machine time since the oldest unpublished event", "待发布事件积压时长", "s",
    labels={"service": SERVICES},
)  # fmt: skip
RELAYED = counter(
    "huifang_outbox_published_total", "Events published from the outbox", "已发布事件数", labels={"service": SERVICES}
)
RELAY_SHARD = gauge(
    "huifang_relay_shard_held", "1 while this process publishes the outbox's shard", "发布分片由本进程负责",
    labels={"service": SERVICES, "shard": 16},
)  # fmt: skip

# --- jobs
JOB_SECONDS = histogram(
    "huifang_job_seconds", "Time of one job run", "定时作业耗时", labels={"service": SERVICES, "job": JOBS}
)
JOB_FAILURES = counter(
    "huifang_job_failures_total", "Job runs that failed and will be tried again", "定时作业失败次数",
    labels={"service": SERVICES, "job": JOBS},
)  # fmt: skip
JOB_SUCCESS = gauge(
    "huifang_job_last_success_timestamp_seconds", "When a run last ended well; before the first, when it was begun",
    "定时作业最近成功时间", "timestamp", labels={"service": SERVICES, "job": JOBS},
)  # fmt: skip
JOB_EVERY = gauge(
    "huifang_job_interval_seconds", "How long a job waits between idle runs", "定时作业间隔", "s",
    labels={"service": SERVICES, "job": JOBS},
)  # fmt: skip

# --- the process and its database
LOOP_DELAY = histogram(
    "huifang_event_loop_delay_seconds", "How much later than asked the event loop wakes, asked twice a second",
    "事件循环延迟", labels={"service": SERVICES},
)  # fmt: skip
POOL_SIZE = gauge(
    "huifang_database_pool_size", "Connections a pool may have", "数据库连接池上限",
    labels={"service": SERVICES, "pool": POOLS},
)  # fmt: skip
POOL_IN_USE = gauge(
    "huifang_database_pool_in_use", "Connections of a pool that somebody holds", "数据库连接占用数",
    labels={"service": SERVICES, "pool": POOLS},
)  # fmt: skip
POOL_WAIT = histogram(
    "huifang_database_pool_wait_seconds", "Waiting for a connection of a pool that had none free", "等待数据库连接的时长",
    labels={"service": SERVICES, "pool": POOLS},
)  # fmt: skip
DATABASE_UP = gauge(
    "huifang_database_up", "1 when the database answered this scrape", "数据库是否可用", labels={"service": SERVICES}
)
DATABASE_BYTES = gauge(
    "huifang_database_bytes", "Size of the service's database", "数据库大小", "B", labels={"service": SERVICES}
)
PARTITIONS_AHEAD = gauge(
    "huifang_partitions_ahead_days", "Days after today that have their partition already", "已预建的日分区天数", "d",
    labels={"service": SERVICES, "table": TABLES},
)  # fmt: skip
CERTIFICATE_ENDS = gauge(
    "huifang_certificate_ends_timestamp_seconds", "When a certificate file given to the service ends", "证书到期时间",
    "timestamp", labels={"service": SERVICES, "file": 12},
)  # fmt: skip
BUILD = gauge(
    "huifang_build_info", "1, with what is running: the version of the package and the commit it was built of", "运行版本",
    labels={"service": SERVICES, "version": 4, "commit": 4},
)  # fmt: skip
