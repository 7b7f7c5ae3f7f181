"""Codes are called by names."""

from services.analytics.domain.labels import Labels
from services.analytics.domain.selection import Dimension


def test_codes_are_called_by_their_names_where_somebody_gave_one():
    labels = Labels({"B1": "城东分公司"}, {"meter.sealed": "表具铅封", "repair.closed": "not the platform's"})
    assert labels.text(Dimension.BRANCH, "B1") == "城东分公司"
    assert labels.text(Dimension.BRANCH, "B2") == "B2"
    assert labels.text(Dimension.KIND, "repair.closed") == "维修结案"
    assert labels.text(Dimension.KIND, "meter.sealed") == "表具铅封"
    assert labels.text(Dimension.KIND, "calendar.birthday") == "生日祝福"
    assert labels.text(Dimension.KIND, "pipe.inspected") == "pipe.inspected"
    assert labels.text(Dimension.POLICY, "") == "未归属策略"
