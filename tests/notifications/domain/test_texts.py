"""Templates, their lint and their sandbox."""

import pytest

from services.notifications.domain.errors import CannotRender, TemplateRejected
from services.notifications.domain.lint import lint, parse_template, parts
from services.notifications.domain.templates import MessageTemplate, compose, render
from tests.notifications.samples import a_template, template_document


def problems(**changes: object) -> list[str]:
    return [str(finding) for finding in lint(MessageTemplate(**template_document(**changes)))]


def test_parameters_are_worked_out_and_the_text_made_of_them() -> None:
    template = a_template(params={"name": "{{ customer.name | default('客户', true) }}"})
    message = compose(template, {"customer": {"name": ""}})
    assert (message.params, message.text) == ({"name": "客户"}, "尊敬的客户，您好。")


def test_a_missing_fact_gives_no_text_instead_of_a_hole() -> None:
    with pytest.raises(CannotRender):
        compose(a_template(), {"customer": {}})


@pytest.mark.parametrize("source", ["{{ '甲' if data.n > 1e999 else '乙' }}", "{{ data.n is nosuch }}"])
def test_a_parameter_that_could_never_be_worked_out_is_refused(source: str) -> None:
    assert problems(params={"name": source})
    with pytest.raises(CannotRender):
        render(source, {"data": {"n": 1}})


def test_a_link_in_a_parameter_is_refused() -> None:
    with pytest.raises(CannotRender, match="链接"):
        compose(a_template(), {"customer": {"name": "https://example.com"}})


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 2 ** 10000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{% for a in 'aaaa' %}{% for b in 'aaaa' %}x{% endfor %}{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ range(1000000000) }}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{{ customer.name.format() }}",
        "{{ unclosed",
        "x" * 4001,
    ],
)
def test_a_template_can_do_no_harm(source: str) -> None:
    with pytest.raises(CannotRender):
        render(source, {"customer": {"name": "陈静"}})


def test_output_is_capped() -> None:
    with pytest.raises(CannotRender, match="超过"):
        render("{{ text }}", {"text": "长" * 8001})


def test_dates_are_written_in_local_time() -> None:
    assert render("{{ at | day }}", {"at": "2026-03-02T17:00:00+00:00"}) == "3月3日"
    assert render("{{ at | minute }}", {"at": "2026-03-02T17:00:00+00:00"}) == "2026年3月3日 01:00"


def test_a_promotion_must_end_with_the_way_out_and_a_notice_must_not_have_it() -> None:
    assert "结尾" in problems(category="promotion")[0]
    assert problems(category="promotion", text="尊敬的{{ name }}，节日快乐。拒收请回复R") == []
    assert "不得含有" in problems(text="尊敬的{{ name }}，您好。拒收请回复R")[0]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"text": "尊敬的{{ name }}，低息贷款等您来。"}, "违禁词"),
        (
            {
                "text": "{{ name }}{{ day }}您好",
                "params": {"name": "x", "day": "y"},
                "sample": {"name": "a", "day": "b"},
            },
            "相邻",
        ),
        ({"sample": {"name": "www.example.com"}}, "链接"),
        ({"sample": {"name": "请看\nGas-1.CN 或 b.com"}}, "链接"),
        ({"params": {"name": "a@b.c 见 gas.com"}}, "链接"),
        ({"text": "尊敬的{{ nobody }}，您好。"}, "没有的变量"),
        ({"sample": {}}, "示例值"),
        ({"sign": ""}, "签名"),
        ({"codes": {}}, "模板编号"),
        ({"text": "尊敬的{{ name | upper }}，您好。"}, "只能含变量名"),
        ({"text": "{{ name }}" + "长" * 200}, "拆成 4 条"),
        ({"channel": "email"}, "标题"),
        ({"params": {"name": "{{ 2 * 3 }}"}}, "不允许"),
    ],
)
def test_the_lint_says_in_chinese_what_is_wrong(changes: dict[str, object], word: str) -> None:
    assert any(word in problem for problem in problems(**changes)), problems(**changes)


def test_a_rejected_template_lists_every_problem() -> None:
    with pytest.raises(TemplateRejected) as rejected:
        parse_template(template_document(sign="", codes={}))
    assert len(rejected.value.extra["problems"]) == 2
    with pytest.raises(TemplateRejected, match="channel"):
        parse_template(template_document(channel="fax"))


@pytest.mark.parametrize(("length", "billed"), [(70, 1), (71, 2), (134, 2), (135, 3)])
def test_long_texts_are_billed_by_67(length: int, billed: int) -> None:
    assert parts("长" * length) == billed


@pytest.mark.parametrize(("word", "providers"), [("问卷调查", ["tencent", "huawei"]), ("评价", ["huawei"])])
def test_words_that_a_provider_refuses_are_a_mistake_where_it_is_used_and_a_doubt_elsewhere(
    word: str, providers: list[str]
) -> None:
    def doubted(codes: dict[str, str]) -> list[bool]:
        found = lint(MessageTemplate(**template_document(text=f"尊敬的{{{{ name }}}}，诚邀{word}。", codes=codes)))
        assert all("数字回复" in finding.text for finding in found)
        return [finding.warning for finding in found]

    assert doubted({"aliyun": "SMS_1"}) == [True] * len(providers)
    assert doubted(dict.fromkeys(providers, "1")) == [False] * len(providers)


def test_a_template_without_the_configured_providers_code_is_told_before_it_is_used() -> None:
    template = MessageTemplate(**template_document(codes={"tencent": "1"}))
    (found,) = lint(template, "aliyun")
    assert (found.key, found.warning) == ("codes", False)
    assert "aliyun" in found.text
    assert lint(template, "tencent") == lint(template) == []
