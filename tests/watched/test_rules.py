"""Recording and alert rules: what they ask for exists, they fire when they should, and somebody is told what to do."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from deploy.metrics import whole_catalogue
from tests.watched.expressions import PROMETHEUS, Known, Unknown, rule_files, rules

RUNBOOK = PROMETHEUS.parents[1] / "docs" / "runbook.md"
ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
CASES = sorted((PROMETHEUS / "tests").glob("*.yaml"))
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool on this machine: it comes with the Debian package `prometheus`"
)


@pytest.fixture(scope="module")
def known() -> Known:
    return Known(whole_catalogue())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_only_for_what_is_exported(rule: dict[str, Any], known: Known) -> None:
    known.check(rule["expr"])


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("huifang_visits_overdu > 0", "nobody exports huifang_visits_overdu"),
        ("sum by (brunch) (huifang_visits_overdue)", "no label brunch"),
        ('up{jobb="huifang"}', "no label jobb"),
        ("histogram_quantile(0.9, rate(huifang_job_seconds[5m]))", "nobody exports huifang_job_seconds"),
        ("max by (service) (sum by (job) (huifang_job_seconds_sum))", "no label service"),
        ("huifang_outbox_rows / on (shard) huifang_relay_shard_held", "no label shard"),
    ],
)
def test_a_slip_of_the_pen_is_found(expression: str, wrong: str, known: Known) -> None:
    with pytest.raises(Unknown, match=wrong):
        known.check(expression)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_urgent_it_is_what_happened_and_what_to_do(name: str, known: Known) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["labels"]["team"] in ("ops", "business")
    summary = rule["annotations"]["summary"]
    assert re.search("[一-鿿]{2}", summary)
    assert "{{" in summary, "it shows no value"
    for label in re.findall(r"\$labels\.(\w+)", summary):
        assert label in known.check(rule["expr"]), label
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert PROMETHEUS.parents[1] / file == RUNBOOK
    assert anchor == name.lower()


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_stays_silent() -> None:
    fires, silent = set(), set()
    for path in CASES:
        for case in yaml.safe_load(path.read_text())["tests"]:
            for asked in case["promql_expr_test"]:
                name = re.search(r'alertname="(\w+)"', asked["expr"])
                assert name, asked
                (fires if asked["exp_samples"] else silent).add(name[1])
    assert fires == silent == ALERTS.keys()


@needs_promtool
def test_promtool_takes_the_configuration_and_the_rules() -> None:
    for command in (("check", "config", "prometheus.yml"), ("check", "rules", *map(str, rule_files()))):
        checked = subprocess.run([str(PROMTOOL), *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "WARNING" not in checked.stdout + checked.stderr


@needs_promtool
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Any) -> None:
    checked = subprocess.run([str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
