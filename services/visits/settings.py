"""What an operator can set about visits."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.visits.domain.hours import ContactHours, read_frames
from services.visits.domain.leases import Leases
from services.visits.domain.results import RESULTS
from services.visits.domain.work_rules import WorkRules
from services.visits.domain.work_rules_document import RulesDocument
from shared.safety import is_local
from shared.settings import ServiceSettings


class VisitsSettings(ServiceSettings):
    visit_lease_seconds: int = Field(default=900, ge=10, description="machine time a claim lasts without activity")
    visit_on_site_lease_hours: float = Field(
        default=12, gt=0, le=72, description="machine time a claim of a visit on site lasts without activity"
    )
    # the first version of the work rules: not read any more once they were set (`services/visits/domain/work_rules.py`)
    visit_most_attempts: int = Field(
        default=3, ge=1, description="attempts after which a customer counts as unreachable"
    )
    visit_grace_days: float = Field(
        default=7, ge=0, le=3660, description="days after its deadline until a visit expires"
    )
    visit_contact_hours: str = Field(default="09:00-12:00,14:00-20:00", description="local time frames for calls")
    visit_on_days_off: bool = Field(default=True, description="call on weekends and holidays too")

    visit_code_hours: float = Field(
        default=72, gt=0, le=2160, description="how long a customer may answer with the code of a message"
    )
    visit_invite_after: str = Field(
        default="",
        description="result codes, comma-separated, after which the customer is sent a code to answer by themselves, such as "
        "no_answer,busy; empty = none",
    )
    wrong_codes: int = Field(default=20, ge=1, description="wrong codes a minute from one address")
    wrong_codes_in_all: int = Field(default=600, ge=1, description="wrong codes a minute in all")

    cti: Literal["tel", "http"] = Field(
        default="tel", description="how calls are placed: tel = by the agent's own phone program, http = through a line"
    )
    cti_url: str = Field(default="", description="http: where calls are asked for; `/calls` is put behind it")
    cti_key: SecretStr = Field(default=SecretStr(""), description="http: bearer key for the line")
    cti_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="http: `whsec_…` that the line signs its events with; empty = refused"
    )

    files: str = Field(
        default="var/files",
        description="where photographs and signatures are kept, sealed: a folder all replicas share, or s3://bucket/prefix "
        "with AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL as needed",
    )
    file_max_bytes: int = Field(default=12 << 20, ge=1 << 10, le=64 << 20, description="largest photograph taken in")

    @model_validator(mode="after")
    def check_line(self) -> Self:
        if self.cti == "http" and not (self.cti_url and self.cti_webhook_secret.get_secret_value()):
            raise ValueError("HUIFANG_CTI=http needs HUIFANG_CTI_URL and HUIFANG_CTI_WEBHOOK_SECRET")
        return self

    def refusals(self) -> Iterator[str]:
        yield from super().refusals()
        if self.cti == "http" and not self.cti_url.startswith("https:") and not is_local(self.cti_url):
            yield "HUIFANG_CTI_URL is no https:// address, so numbers travel in the clear: use https://"

    def warnings(self) -> Iterator[str]:
        yield from super().warnings()
        if self.cti == "http" and not self.cti_key.get_secret_value():
            yield "HUIFANG_CTI_KEY is not set: only a line that calls for anybody who asks takes such requests"

    @model_validator(mode="after")
    def check_rules(self) -> Self:
        RulesDocument.of(self.work_rules)
        return self

    @field_validator("visit_contact_hours")
    @classmethod
    def check_frames(cls, text: str) -> str:
        read_frames(text)
        return text

    @field_validator("visit_invite_after")
    @classmethod
    def check_results(cls, text: str) -> str:
        unknown = _listed(text) - {code.code for code in RESULTS.values() if not code.connected}
        if unknown:
            raise ValueError(f"no result code of a call that nobody answered: {', '.join(sorted(unknown))}")
        return text

    @cached_property
    def work_rules(self) -> WorkRules:
        """The first version of the work rules, which counts until somebody sets them."""
        return WorkRules(
            hours=ContactHours(read_frames(self.visit_contact_hours), self.visit_on_days_off),
            most_attempts=self.visit_most_attempts,
            grace=timedelta(days=self.visit_grace_days),
            invite_after=_listed(self.visit_invite_after),
            code_lives=timedelta(hours=self.visit_code_hours),
        )

    @property
    def lease(self) -> Leases:
        return Leases(timedelta(seconds=self.visit_lease_seconds), timedelta(hours=self.visit_on_site_lease_hours))


def _listed(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
