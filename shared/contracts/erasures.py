"""A customer asked that what is kept of them be deleted (个人信息保护法第四十七条)."""

from datetime import datetime

from pydantic import Field

from shared.contracts.base import PEOPLE, EventData, contract
from shared.contracts.common import Code


@contract("customer.erased", topic=PEOPLE, owner="gateway", title="客户信息已申请删除")
class CustomerErased(EventData):
    """Every service overwrites what tells who this customer is, and nobody contacts them again.

    It is told on the topic of people, which every service hears: what only some heard would be erased by half.
    """

    customer_id: Code
    asked_at: datetime = Field(description="business time")
    asked_by: str = Field(description="who of the organisation took the request in")
