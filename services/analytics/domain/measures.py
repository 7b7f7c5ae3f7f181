"""What single events add by themselves: amounts that need no other event to be counted right."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from services.analytics.domain.agent_kpis import RATED
from services.analytics.domain.cells import AgentTally, Cell, Figures, Head, Tally, change, org_hour
from services.analytics.domain.levels import level_of, score_of
from services.analytics.domain.ratings import HOTLINE
from shared.contracts.common import Matter
from shared.contracts.complaints import Complaint
from shared.contracts.intake import branch_of
from shared.contracts.notifications import Notification
from shared.contracts.visits import (
    MatterResult,
    Visit,
    VisitAttemptCorrected,
    VisitAttempted,
    VisitCallbackAgreed,
    VisitCorrected,
    VisitFailed,
    VisitInvited,
    VisitReopened,
    VisitResult,
)
from shared.zone import local_day

NPS_ANSWER = "nps"
UNREACHED = ("unreachable", "invalid_number")
MESSAGES = ("sms", "email")  # by which customers answer without an agent


def fact(name: str, at: datetime, data: Mapping[str, Any]) -> Figures:
    """A business fact, under its event name; kinds nobody declared count too."""
    return Counter({Tally(Cell(local_day(at), branch_of(data), name), "facts"): 1})


def withdrawal(at: datetime, data: Mapping[str, Any]) -> Figures:
    """A fact that was taken back, on the day of that and under the fact's kind: what was counted then stays as it was."""
    return Counter({Tally(Cell(local_day(at), "", str(data.get("event_type") or "")), "facts.withdrawn"): 1})


def attempt(data: VisitAttempted) -> Figures:
    """One try: per call, per hour of the day (for the heat map), per customer and per agent."""
    cell = _cell(data.at, data)
    hour = f"h{org_hour(data.at):02d}"
    figures: Figures = Counter({Tally(cell, "attempts"): 1, Tally(cell, f"attempts.{hour}"): 1})
    figures[Head(cell, "customers.attempted", data.customer.id)] = 1
    amounts = {"calls": 1, "talk_seconds": data.talk_seconds, "wrap_up_seconds": data.wrap_up_seconds}
    figures[Tally(cell, by_way(data, "attempts"))] = 1
    if data.connected:
        figures[Tally(cell, by_way(data, "connected"))] = 1
        figures[Tally(cell, "connected")] = figures[Tally(cell, f"connected.{hour}")] = 1
        figures[Head(cell, "customers.reached", data.customer.id)] = 1
        amounts["connected"] = 1
    if data.callback_kept is not None:
        figures[Tally(cell, "callbacks.called")] = 1
        if data.callback_kept:
            figures[Tally(cell, "callbacks.kept")] = 1
        amounts |= {"callbacks_called": 1, "callbacks_kept": int(data.callback_kept)}
    return figures + _of_agent(data, data.at, amounts)


def completion(data: VisitResult) -> Figures:
    """A visit that ended with the right person, on the day it ended."""
    names = ["visits.completed", "visits.effective" if data.effective else "visits.partial"]
    if data.on_time:
        names.append("visits.on_time")
    if data.channel in MESSAGES and not data.agent:
        names += ["visits.self_answered", *(["visits.self_effective"] if data.effective else [])]
    amounts = Counter({"completed": 1, "effective": int(data.effective), "late": int(not data.on_time)})
    figures = _ones(data.completed_at, data, names)
    for _, said in by_matter(data):
        figures += _ones(data.completed_at, said, _first_round(said) if data.round == 1 else _second_round(said))
        if level := level_of(said):
            amounts[f"{RATED}.{level}"] += 1
    return figures + _of_agent(data, data.completed_at, amounts)


def invitation(data: VisitInvited, at: datetime) -> Figures:
    return _ones(at, data, ["visits.invited"])


def by_matter(data: VisitResult) -> list[tuple[str, VisitResult]]:
    """What was said of each matter of a contact, under the kind of its fact, with the matter's mark; the contact's own words,
    without a mark, where it was about one."""
    if not data.results:
        return [("", data)]
    kinds = {(matter.event_id, matter.event_source): matter.event_type for matter in data.matters}
    return [
        (mark_of(result), data.model_copy(update=_fields_of(result, kinds, data, position)))
        for position, result in enumerate(data.results)
    ]


def mark_of(matter: Matter | MatterResult) -> str:
    """What tells a matter from the others of its contact."""
    identity = "\0".join((matter.event_source, matter.event_id))
    return f":{sha256(identity.encode()).hexdigest()[:16]}"


def _fields_of(
    result: MatterResult, kinds: Mapping[tuple[str, str], str], data: VisitResult, position: int
) -> dict[str, Any]:
    said = {name: getattr(result, name) for name in MatterResult.model_fields if name in VisitResult.model_fields}
    kind = kinds.get((result.event_id, result.event_source), data.kind) if position else data.kind
    return said | {"kind": kind, "results": []}


def dissatisfaction(data: VisitResult) -> Figures:
    """The first dissatisfaction makes a case; a second one raises it."""
    return _ones(data.completed_at, data, ["visits.dissatisfied" if data.round == 1 else "visits.dissatisfied_again"])


def problem(data: VisitResult) -> Figures:
    return _ones(data.completed_at, data, ["visits.problem"])


def correction(data: VisitCorrected) -> Figures:
    """What a corrected record adds to what its visit counted, and takes from it."""
    before = data.model_copy(
        update={name: value for name, value in dict(data.before).items() if name in VisitCorrected.model_fields}
    )
    return change(_said_in(before), _said_in(data))


def _said_in(data: VisitCorrected) -> Figures:
    figures = completion(data)
    if data.dissatisfied:
        figures += dissatisfaction(data)
    if data.problems:
        figures += problem(data)
    return figures


def other_result(data: VisitAttemptCorrected) -> Figures:
    """What an attempt with a corrected result adds to what it counted, and takes from it."""
    before = {name: value for name, value in dict(data.before).items() if name in VisitAttempted.model_fields}
    return change(attempt(data.model_copy(update=before)), attempt(data))


def reopening(data: VisitReopened) -> Figures:
    """Takes back what the visit's failure counted."""
    return change(failure(data), Counter())


def failure(data: VisitFailed | VisitReopened) -> Figures:
    names = ["visits.failed", f"visits.failed.{data.reason}"]
    if data.kind == HOTLINE and data.round == 1 and data.reason in UNREACHED:
        names.append("hotline.unreached")
    late = data.deadline_at is not None and data.failed_at > data.deadline_at
    return _ones(data.failed_at, data, names) + _of_agent(data, data.failed_at, {"late": int(late)})


def callback(data: VisitCallbackAgreed, at: datetime) -> Figures:
    return _ones(at, data, ["visits.callbacks"]) + _of_agent(data, at, {"callbacks": 1})


def of_case(data: Complaint, at: datetime, measure: str) -> Figures:
    """Something happened to a case."""
    return Counter({Tally(Cell(local_day(at), data.branch, data.kind), measure): 1})


def of_notice(data: Notification, at: datetime, measure: str) -> Figures:
    return Counter({Tally(Cell(local_day(at), data.branch, data.kind), measure): 1})


def opt_out(at: datetime) -> Figures:
    return Counter({Tally(Cell(local_day(at)), "notices.opted_out"): 1})


def by_way(data: Visit, measure: str) -> str:
    """The measure as it is counted apart by the way of a contact: by phone, at the door, or by message, without an agent."""
    if data.channel in MESSAGES and not data.agent:
        return f"message.{measure}"
    return f"{'on_site' if data.channel == 'on_site' else 'phone'}.{measure}"


def _first_round(data: VisitResult) -> list[str]:
    level = level_of(data)
    names = [by_way(data, f"first.{level}")] if level else []
    score = score_of(data)
    if score is not None:
        names += ["csat.rated", *(["csat.good"] if score >= 4 else [])]
    names += _recommendation(data.answers.get(NPS_ANSWER))
    if data.kind == HOTLINE and data.effective:
        asked = {"hotline.effective": True, "hotline.responded": data.responded, "hotline.resolved": data.resolved}
        asked["hotline.partly"] = data.resolution == "partly"
        names += [name for name, yes in asked.items() if yes]
    return names


def _second_round(data: VisitResult) -> list[str]:
    level = level_of(data)
    return [f"second.{level}"] if level else []


def _recommendation(answer: object) -> list[str]:
    if isinstance(answer, bool) or not isinstance(answer, int) or not 0 <= answer <= 10:
        return []
    if answer >= 9:
        return ["nps.answered", "nps.promoters"]
    return ["nps.answered", "nps.detractors"] if answer <= 6 else ["nps.answered"]


def _cell(at: datetime, data: Visit) -> Cell:
    return Cell(local_day(at), data.branch, data.kind, data.policy_id)


def _ones(at: datetime, data: Visit, names: list[str]) -> Figures:
    cell = _cell(at, data)
    return Counter({Tally(cell, name): 1 for name in names})


def _of_agent(data: Visit, at: datetime, amounts: Mapping[str, int]) -> Figures:
    """Who did the work is kept as it was then; a channel without an agent counts for nobody."""
    if not data.agent:
        return Counter()
    day = local_day(at)
    return Counter({AgentTally(day, data.branch, data.team, data.agent, name): n for name, n in amounts.items()})
