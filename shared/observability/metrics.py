"""The catalogue of platform metrics; a service declares its own beside its code with the prefix `huifang_<service>_`."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "huifang_http_request_seconds", "HTTP requests by route", ["service", "method", "route", "status"]
)
CONSUMER_EVENTS = Counter(
    "huifang_consumer_events_total", "Events by outcome (handled, duplicate, dead, ignored)", ["consumer", "outcome"]
)
CONSUMER_BATCH_SECONDS = Histogram("huifang_consumer_batch_seconds", "Time of one batch's transaction", ["consumer"])
CONSUMER_LAG = Gauge("huifang_consumer_lag_messages", "Messages not yet consumed", ["consumer", "topic"])
CONSUMER_AGE = Gauge("huifang_consumer_age_seconds", "Machine time since the last progress while behind", ["consumer"])
OUTBOX_ROWS = Gauge("huifang_outbox_rows", "Outgoing events not yet published", ["service"])
OUTBOX_AGE = Gauge("huifang_outbox_age_seconds", "Business age of the oldest unpublished event", ["service"])
RELAYED = Counter("huifang_outbox_published_total", "Events published from the outbox", ["service"])
DEAD_LETTERS = Gauge("huifang_dead_letters_open", "Dead letters waiting for somebody", ["consumer"])
JOB_SECONDS = Histogram("huifang_job_seconds", "Time of one job run", ["service", "job"])
JOB_FAILURES = Counter("huifang_job_failures_total", "Job runs that failed and will be tried again", ["service", "job"])
