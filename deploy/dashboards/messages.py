"""通知: what goes out by SMS and e-mail, and what is known of it."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.dashboards.parts import Link, Rows, board, number, ratio, series, stacked, values_of

SENT = Link("发送台账", "/notifications/api/v1/sends")
PROVIDER = 'provider=~"$provider"'
SUBMITTED = f'huifang_notifications_submissions_total{{{PROVIDER},answer!="not_tried"}}'
ACCEPTED = f'huifang_notifications_submissions_total{{{PROVIDER},answer="accepted"}}'


def messages() -> Dashboard:
    rows: Rows = {
        "提交": [
            ratio("受理率", "服务商受理的提交数 ÷ 提交数（15 分钟内），按服务商",
                  f"sum by (provider) (increase({ACCEPTED}[15m]))", f"sum by (provider) (increase({SUBMITTED}[15m]))",
                  "provider", SENT),
            stacked("每小时提交结果", "每小时向服务商提交的次数，按服务商与答复", {
                "{{provider}} {{answer}}":
                    f"sum by (provider, answer) (rate(huifang_notifications_submissions_total{{{PROVIDER}}}[15m])) * 3600"},
                link=SENT),
            number("现在", "结果未知、一小时无回执、待人判断的回复数",
                   {"结果未知": "max(huifang_notifications_unknown)",
                    "无回执": "max(huifang_notifications_receipts_missing)",
                    "待判断回复": "max(huifang_notifications_replies_undecided)"}, link=SENT, span=8),
        ],
        "结果": [
            stacked("每小时通知（按结果）", "每小时进入各状态的通知数", {
                "{{outcome}}":
                    f"sum by (outcome) (rate(huifang_notifications_sends_total{{{PROVIDER}}}[15m])) * 3600"}, link=SENT),
            stacked("每小时通知（按模板）", "每小时服务商受理的通知数，按模板", {
                "{{template}}": "sum by (template) "
                f'(rate(huifang_notifications_sends_total{{outcome="accepted",{PROVIDER}}}[15m])) * 3600'}),
            ratio("送达率", "一小时内确认送达数 ÷ 受理数",
                  f'sum(increase(huifang_notifications_sends_total{{outcome="delivered",{PROVIDER}}}[1h]))',
                  f'sum(increase(huifang_notifications_sends_total{{outcome="accepted",{PROVIDER}}}[1h]))'),
        ],
        "回执与退订": [
            series("回执延迟", "首个回执的到达时间 − 受理时间的分位数，按服务商", {
                f"p{q} {{{{provider}}}}": f"histogram_quantile(0.{q}, sum by (provider, le) "
                f"(rate(huifang_notifications_receipt_delay_seconds_bucket{{{PROVIDER}}}[15m])))" for q in (50, 95)}, "s"),
            stacked("每小时回调行数", "服务商每小时回调的行数，按种类与能否读懂", {
                "{{kind}} {{outcome}}": "sum by (kind, outcome) "
                f"(rate(huifang_notifications_callback_rows_total{{{PROVIDER}}}[15m])) * 3600"}),
            stacked("每小时退订", "每小时的退订数，按渠道与范围", {
                "{{channel}} {{scope}}": "sum by (channel, scope) (rate(huifang_notifications_opt_outs_total[1h])) * 3600"}),
        ],
    }  # fmt: skip
    provider = values_of("provider", "provider", "服务商", "huifang_notifications_submissions_total")
    return board("messages", "通知", "短信与邮件：提交、结果、回执、退订。", rows, [provider])
