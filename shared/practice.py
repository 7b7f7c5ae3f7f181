"""Practice: what is tried out goes the way of the real thing and touches nobody.

Whatever concerns a practice customer is practice: a fact that an integrator sends to try, what a policy makes of it, an agent's
first call. Such customers have ids of their own, which begin with `PRACTICE`. The id is in every event, row and answer about
a customer, so the mark cannot get lost on the way, and nothing that is counted per customer (caps, refusals, contacts) mixes
with a real one. Each way out of the platform, and everything that counts across customers, asks `is_practice` before.
"""

import hashlib

from pydantic import BaseModel, Field, computed_field

PRACTICE = "practice:"
_LONGEST, _DIGEST = 64, 16  # `shared.contracts.common.Code`


def is_practice(customer_id: str) -> bool:
    """Whether this is a practice customer, whom nobody may be told about, called or counted as."""
    return customer_id.startswith(PRACTICE)


def practice_id(customer_id: str) -> str:
    """The id of the practice customer who stands for this one; a practice customer's own id as it is.

    One that would be too long for a customer's id ends in a digest of the whole instead.
    """
    if is_practice(customer_id):
        return customer_id
    whole = PRACTICE + customer_id
    if len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{whole[: _LONGEST - _DIGEST - 1]}~{digest}"


class AboutCustomer(BaseModel):
    """An answer about a customer, with the mark of practice."""

    customer_id: str = Field(description="客户编号")

    @computed_field(description="练习：不对外发送、不回写、不计数")  # type: ignore[prop-decorator]
    @property
    def practice(self) -> bool:
        return is_practice(self.customer_id)
