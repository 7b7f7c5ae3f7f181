"""Which KPIs the page shows, where."""

GROUPS = {
    "回访工作": (
        "due",
        "coverage",
        "completion",
        "contact",
        "contact_customers",
        "effective",
        "on_time",
        "callbacks_kept",
    ),
    "客户评价": ("satisfaction", "first_satisfaction", "second_satisfaction", "csat", "nps"),
    "分渠道": (
        "contact_phone",
        "contact_on_site",
        "self_answered",
        "first_satisfaction_phone",
        "first_satisfaction_on_site",
        "first_satisfaction_message",
    ),
    "问题闭环": ("resolution", "feedback_timeliness", "closed_loop", "rework", "repeat_complaints", "cases_excluded"),
    "12345 三率": (
        "hotline_response",
        "hotline_resolution",
        "hotline_satisfaction",
        "hotline_combined",
        "hotline_unreached",
    ),
    "通知": ("notices_delivered", "opt_outs"),
}
BRANCH_TABLE = ("due", "completion", "contact", "satisfaction", "resolution", "closed_loop")
TREND = "satisfaction"
