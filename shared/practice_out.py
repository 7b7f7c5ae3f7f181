"""How answers say that something is practice."""

from pydantic import BaseModel, Field, computed_field

from shared.practice import is_practice


class AboutCustomer(BaseModel):
    """An answer about a customer, with the mark of practice."""

    customer_id: str = Field(description="客户编号")

    @computed_field(description="练习：不对外发送、不回写、不计数")  # type: ignore[prop-decorator]
    @property
    def practice(self) -> bool:
        return is_practice(self.customer_id)
