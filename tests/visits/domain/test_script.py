"""The words read aloud."""

from services.visits.domain.script import spoken, variables_of
from shared.privacy import PREFIX
from tests.visits.domain.builders import open_one


def test_variables_are_filled_from_the_customer_and_the_first_matter() -> None:
    text = "{称呼}，{日期}的{事项}（{单号}）"
    assert spoken(text, variables_of(open_one())) == "张三，3月2日的热水器维修（WX1）"


def test_a_visit_without_matters_can_still_be_spoken() -> None:
    assert spoken("{称呼}{事项}{单号}{日期}", variables_of(open_one(matters=[]))) == "张三服务"


def test_an_unknown_variable_stays_as_it_is() -> None:
    assert spoken("{别的}", variables_of(open_one())) == "{别的}"


def test_values_of_the_fact_are_stated_and_what_it_does_not_say_is_read_from_the_papers() -> None:
    """R07.3."""
    (matter,) = open_one().matters
    facts = {"product": {"name": "安康终身寿险", "fees": {"initial": "2%"}}, "period_years": 20, "gone": None}
    variables = variables_of(open_one(matters=[matter.model_copy(update={"facts": facts})]))
    text = "{资料.product.name}，{资料.period_years}年，{资料.product.fees.initial}"
    assert spoken(text, variables) == "安康终身寿险，20年，2%"
    assert spoken("{资料.payment.amount}元", variables) == "（请按单据读出：payment.amount）元"
    assert spoken("{资料.}", variables) == "{资料.}"


def test_one_matter_is_spoken_of_without_its_number_and_in_its_senders_words() -> None:
    plain = open_one().matters[0].model_copy(update={"title": "维修结案 WX1", "subject": "WX1", "facts": {}})
    case = plain.model_copy(update={"title": "12345工单办结 WX1", "facts": {"title": "缴费未到账"}})
    sealed = case.model_copy(update={"facts": {"title": f"请回电 {PREFIX}abc"}})
    for matter, words in ((plain, "维修结案"), (case, "缴费未到账"), (sealed, "12345工单办结")):
        assert variables_of(open_one(matters=[matter]))["事项"] == words
    several = open_one(matters=[case, plain])
    assert [variables_of(several, place)["事项"] for place in (0, 1)] == ["12345工单办结 WX1", "维修结案 WX1"]
