import io

from rich.console import Console

from deploy.reconcile.comparing import Check, Stage
from deploy.reconcile.recount import Result
from deploy.reconcile.report import as_json, show

RESULT = Result(
    [Stage("业务事实", 2, 3), Stage("决定", None, 3)],
    [Check("受理的事实都已发布", (("受理", 3), ("发布", 2)), ("缺 1 项：E3",)), Check("没有死信", (("死信", 0),))],
)


def test_people_see_every_mismatch_by_name() -> None:
    out = io.StringIO()
    show(RESULT, Console(file=out, width=120))
    assert "受理的事实都已发布：缺 1 项：E3" in out.getvalue()
    assert "1 项检查不符" in out.getvalue()


def test_what_should_be_searched_for_stays_on_one_line_however_narrow_the_terminal() -> None:
    out = io.StringIO()
    lost = "缺 1 项：E-2026-03-02/程师傅/回访单 0017，可用 huifang explain --event E-2026-03-02 查看"
    show(Result([], [Check("受理的事实都已发布", (("受理", 1),), (lost,))]), Console(file=out, width=40))
    assert f"受理的事实都已发布：{lost}" in out.getvalue().splitlines()[-2]


def test_agreement_is_said_too() -> None:
    out = io.StringIO()
    show(Result([], RESULT.checks[1:]), Console(file=out, width=120))
    assert "全部一致" in out.getvalue()


def test_programs_get_the_same_as_json() -> None:
    told = as_json(RESULT)
    assert told["agrees"] is False
    assert told["funnel"][0] == {"title": "业务事实", "topics": 2, "databases": 3}
    assert told["checks"][0]["mismatches"] == ["缺 1 项：E3"]
