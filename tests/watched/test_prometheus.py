"""A real Prometheus that has watched the demo: every expression returns data, or it is said why it can't; an alert arrives."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import promql_parser as promql
import pytest
import stamina

from deploy.local.settings import SERVICES
from shared.messaging.broker import Message
from shared.messaging.kafka import KafkaBroker
from tests.local_platform import Local
from tests.patience import PATIENCE
from tests.watched.conftest import needs_prometheus
from tests.watched.expressions import names_in, rules
from tests.watched.test_dashboards import BOARDS, expressions

pytestmark = needs_prometheus
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
SETS = ("and", "or", "unless")
HOURS = "cases are handled for hours and days"
# what an expression names → why it has no data here
WITHOUT_DATA = {
    "node_": "node_exporter is not part of `make run`",
    "pg_": "postgres_exporter is not part of `make run`",
    "kafka_": "kafka_exporter is not part of `make run`",
    "huifang_certificate_": "`make run` speaks to its own servers without certificates",
    "huifang_gateway_front_certificate_": "the front door of `make run` speaks http",
    "ALERTS": "only while something is wrong",
    "offset 5m": "only in the minutes after a new version came",
    'stage="cases.resolved"': HOURS,
    'stage="cases.closed"': HOURS,
    **{f'what="{what}"': HOURS for what in ("escalated", "resolved", "reopened", "closed", "rejected", "promised")},
    "huifang_visits_queue": "nobody waits in the queues when the agents are quick",
    "huifang_visits_callbacks_total": "the customers of one morning are called back the next day",
    "huifang_scheduler_deferrals_total": "no cap is reached in one morning",
    "huifang_scheduler_postponements_total": "no cap is reached in one morning",
    "huifang_scheduler_ceiling_reached_total": "no ceiling is reached in one morning",
    "huifang_scheduler_quota_reached_total": "the pack has no quota",
    "huifang_scheduler_deadline_warnings_total": "no deadline is near after one morning",
    "huifang_scheduler_reserve_used_up_total": "draws of one day have reserves enough",
    "huifang_scheduler_drawn_total": "the day's draw was made before, or is made tonight",
    "huifang_scheduler_walks_given_up_total": "no walk is late when the platform is new",
    "huifang_notifications_opt_outs_total": "nobody has opted out",
    "huifang_notifications_receipt_delay_seconds": "receipts of the simulator may take as long as the morning",
    "huifang_notifications_callback_rows_total": "receipts of the simulator may take as long as the morning",
    "huifang_gateway_refused_total": "the morning's facts are posted as events, not as raw messages",
}
again = stamina.retry(
    on=(AssertionError, httpx.HTTPError), timeout=PATIENCE, wait_initial=0.5, wait_max=1, attempts=None
)


def amounts(node: Any) -> Iterator[str]:
    """What an expression measures, without what it is compared with: an alert's own result is empty while all is well."""
    compares = not set(COMPARISONS).isdisjoint((expression := node.prettify()).split())
    if compares and isinstance(node, promql.ParenExpr):
        yield from amounts(node.expr)
    elif compares and isinstance(node, promql.BinaryExpr) and str(node.op) in (*COMPARISONS, *SETS):
        yield from amounts(node.lhs)
        yield from amounts(node.rhs)
    elif set(names_in(expression)):
        yield expression


@cache
def asked() -> list[str]:
    """Every expression of every dashboard, and what every rule and alert measures."""
    shown = [expression for board in BOARDS.values() for expression in expressions(board)]
    measured = [part for rule in rules() for part in amounts(promql.parse(rule["expr"]))]
    return list(dict.fromkeys([*shown, *measured]))


class Asked:
    """Prometheus' API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, path: str, **params: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=PATIENCE)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def result(self, expression: str) -> list[Any]:
        found: list[Any] = self("query", query=expression)["result"]
        return found


@pytest.fixture(scope="module")
def prometheus(watched: Local) -> Asked:
    """Once it has scraped all services and evaluated all rules."""
    api = Asked(watched.run["prometheus"])

    @again
    def settled() -> None:
        assert len(api.result('up{job="huifang"} == 1')) == len(SERVICES)
        assert api.result("huifang:facts_decided_late:ratio_rate5m")

    settled()
    return api


def test_all_six_services_are_scraped_under_their_names(prometheus: Asked) -> None:
    found = {each["metric"]["service"] for each in prometheus.result('up{job="huifang"} == 1')}
    assert found == set(SERVICES)


def test_all_rules_are_loaded_and_evaluated_without_error(prometheus: Asked) -> None:
    loaded = [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]
    assert len(loaded) == len(rules())
    assert [(rule["name"], rule.get("lastError")) for rule in loaded if rule["health"] == "err"] == []


def test_every_expression_returns_data_or_it_is_said_why_not(prometheus: Asked) -> None:
    left = [each for each in asked() if not any(reason in each for reason in WITHOUT_DATA)]

    @again
    def all_have_data() -> None:
        """Figures are measured every quarter of a minute, and a rate needs two scrapes."""
        left[:] = [each for each in left if not prometheus.result(each)]
        assert not left, "\n".join(left)

    for expression in asked():
        prometheus.result(expression)  # it is one that Prometheus takes
    all_have_data()


def test_every_reason_is_needed() -> None:
    for name in WITHOUT_DATA:
        assert any(name in expression for expression in asked()), name


def test_series_name_only_metrics_and_labels_of_the_catalogue(prometheus: Asked) -> None:
    """What is stored is what was declared: no label came on the way, none was renamed (`exported_…`)."""
    labels = set(prometheus("labels"))
    assert not {label for label in labels if label.startswith("exported_")}


async def test_an_alert_of_a_poison_fact_arrives_by_mail_with_what_to_do_and_is_over_when_that_is_done(
    prometheus: Asked, watched: Local
) -> None:
    producer = await KafkaBroker(watched.run["kafka"]).producer()
    await producer.publish([Message("intake-v1", "C1", [("ce_id", b"poison")], b"{not json")])
    await producer.stop()

    def firing() -> set[str]:
        return {each["labels"]["alertname"] for each in prometheus("alerts")["alerts"] if each["state"] == "firing"}

    @again
    def arrived(subject: str) -> None:
        assert subject in httpx.get(watched.run["mail"], timeout=PATIENCE).text

    @again
    def fires() -> None:
        assert "DeadLettersGrowing" in firing()

    @again
    def is_over() -> None:
        assert "DeadLettersGrowing" not in firing()

    fires()
    arrived("[待办] 回访平台 DeadLettersGrowing")
    # the runbook: look, and discard what means nothing, in every service that heard it
    listed = watched("dlq", "list", module="deploy.cli")
    letters = [line.split("\t")[:2] for line in listed.stdout.splitlines() if "MalformedEvent" in line]
    assert "scheduler" in {service for service, _ in letters}, listed.stdout + listed.stderr
    for service, letter in letters:
        discarded = watched("dlq", "discard", service, letter, "--note", "测试用的坏消息", module="deploy.cli")
        assert discarded.returncode == 0, discarded.stderr
    is_over()
    arrived("[已恢复] 回访平台 DeadLettersGrowing")
