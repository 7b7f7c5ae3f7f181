"""Runs a pack's tests on the simulation and tells, side by side, where the plan is another than expected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.explain.decision import explain, local_text
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import COMPLETED, CORRECTED, FAILED, REOPENED
from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.later.walk import SOURCE as SCHEDULER
from services.scheduler.domain.later.withdrawal import EVENT as WITHDRAWN
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.restraint.merge import MERGED
from services.scheduler.domain.rule import Sampler
from services.scheduler.domain.simulation.fact_lines import BROKEN
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.scenario import DrawMode, Expected, Scenario, Step, Unexpected
from services.scheduler.domain.task import Task
from services.scheduler.domain.whom.draw import Share, everybody, nobody, shares
from services.scheduler.domain.whom.sampling import EVERYBODY, sampler

SOURCE = "/pack-test"
SAID = (f"{SOURCE}/dissatisfied", f"{SOURCE}/problem", f"{SOURCE}/case")  # what comes of a contact
DRAWS: dict[DrawMode, tuple[Sampler, Share]] = {
    "real": (sampler, shares),
    "all": (lambda seed, policy: lambda event: 0.0, everybody),
    "none": (lambda seed, policy: lambda event: EVERYBODY, nobody),
}
Books = Mapping[DrawMode, PolicyBook]
CONTACTS = {"completed": COMPLETED, "callback_agreed": "visit.callback_agreed"}
WORST_CONTENT_RATING = 3
MOST_SURPLUS = 5


@dataclass(frozen=True)
class Difference:
    """What is wrong: on which line it was expected, (label, expected, got) side by side, and the decision explained."""

    line: int
    message: str
    rows: tuple[tuple[str, str, str], ...] = ()
    explanation: tuple[str, ...] = ()


@dataclass
class _Stage:
    """A simulation with the facts that were put into it, by the names the test gives them, and what was `said` of which
    task's contact because it went badly."""

    simulation: Simulation
    facts: dict[str, Fact] = field(default_factory=dict)
    said: set[tuple[str, str]] = field(default_factory=set)

    def explained(self, fact_id: str) -> tuple[str, ...]:
        titles = {policy.id: policy.title for policy in self.simulation.book.policies.values()}
        decisions = self.decisions(fact_id)
        found = [text for decision in decisions for text in explain(decision.outcome, decision.details, titles)]
        return tuple(found) or ("没有作出决定。",)

    def explained_task(self, task: Task) -> tuple[str, ...]:
        """Why it is planned: what its own policy said, of all that was decided on its fact."""
        titles = {policy.id: policy.title for policy in self.simulation.book.policies.values()}
        for decision in self.decisions(task.event_id):
            own = [one for one in decision.details if one.get("task") == str(task.id)]
            if own:
                return tuple(explain(decision.outcome, own, titles))
        return ()

    def decisions(self, fact_id: str) -> list[Decision]:
        """The decisions on what the test gives by this name and on what comes of it at once, and their later occasions."""
        sources = (SOURCE, *SAID) if fact_id in self.facts else (SCHEDULER,)
        return [
            one for one in self.simulation.decisions.values() if one.fact.id == fact_id and one.fact.source in sources
        ]

    def came_to(self, decision: Decision, detail: Mapping[str, Any]) -> str:
        """What a policy's say in a fact came to; of what entered a population, what its draw said."""
        if detail["result"] != "enrolled":
            return str(detail["result"])
        return self.simulation.draws.standing(detail["policy"], decision.fact.key) or "enrolled"


def books_of(policies: Sequence[Policy], kinds: Sequence[Kind] = ()) -> Books:
    """The policies compiled once for each way of drawing."""
    return {
        mode: PolicyBook(policies, sample=sample, kinds=kinds, share=share) for mode, (sample, share) in DRAWS.items()
    }


def rehearse(scenario: Scenario, books: Books) -> list[Difference]:
    """Run one test; no differences means that the plan is as expected."""
    stage = _Stage(Simulation(books[scenario.draw]))
    differences = [one for step in scenario.steps if (one := _perform(stage, step, scenario))]
    if scenario.until:
        stage.simulation.advance(scenario.until)
    left = {task.id: task for task in stage.simulation.tasks.values()}
    for expected in scenario.expected:
        found = _best(expected, left.values())
        if found is not None:
            del left[found.id]
        differences += _compare(stage, expected, found)
    differences += [one for each in scenario.unexpected if (one := _check_absent(stage, each, left.values()))]
    surplus = [task for task in left.values() if task.reason != MERGED and scenario.watches(task.policy_id)]
    differences += [_surplus(stage, scenario, task) for task in surplus[:MOST_SURPLUS]]
    if more := len(surplus) - MOST_SURPLUS:
        differences += [Difference(scenario.line, f"另有 {more} 个没有写在 expect 中的任务")] if more > 0 else []
    return differences


def _perform(stage: _Stage, step: Step, scenario: Scenario) -> Difference | None:
    """Let it happen; what the platform can't make anything of is told with the line of the test."""
    try:
        return _happen(stage, step, scenario)
    except BROKEN as error:
        say = f"given 中的 {step.id}（{step.value}）缺少或写错了 {error}；平台自己的事件请写成 contact、case 或 opt_out"
        return Difference(scenario.line, say)


def _happen(stage: _Stage, step: Step, scenario: Scenario) -> Difference | None:
    line = scenario.line
    if step.kind == "correct":
        return _correct(stage, step, scenario)
    if step.kind != "contact":
        fact = _fact_of(step)
        stage.facts[step.id] = fact
        stage.simulation.advance(step.heard_at)
        stage.simulation.happen(fact)
        return None
    stage.simulation.advance(step.at)
    task = next((task for task in stage.simulation.tasks.values() if _is_meant(task, step)), None)
    if task is None:
        when = local_text(step.at)
        return Difference(line, f"{when} 没有关于 {step.about} 的已下达任务可联系", (), stage.explained(step.about))
    visit = stage.facts[step.id] = _visit(task, step)
    stage.simulation.happen(visit)
    _follow(stage, visit, scenario)
    return None


def _correct(stage: _Stage, step: Step, scenario: Scenario) -> Difference | None:
    """A finished record says something else, or a contact had not failed and comes to another result at once."""
    stage.simulation.advance(step.at)
    wrong, name = stage.facts.get(step.about), CONTACTS.get(step.value, FAILED)
    if wrong is None or wrong.name not in (COMPLETED, FAILED):
        return Difference(scenario.line, f"{step.about} 还没有结果，或已约定回呼，不能更正")
    if wrong.name == COMPLETED and name != COMPLETED:
        return Difference(scenario.line, f"{step.about} 已完成，只能更正为 completed，并在 data 中写更正后的评分、答案")
    told = {**wrong.data, **step.data}
    if wrong.name == COMPLETED:
        now = simulated_fact(step.id, SOURCE, COMPLETED, step.at, told, wrong.lineage)
        says = {**told, "dissatisfied": _is_unhappy(told)}
        stage.simulation.happen(simulated_fact(step.id, SOURCE, CORRECTED, step.at, says, wrong.lineage))
    else:
        failed = {**wrong.data, "failed_at": wrong.at.isoformat()}
        again = simulated_fact(step.id, f"{SOURCE}/reopened", REOPENED, step.at, failed, wrong.lineage)
        stage.simulation.happen(again)
        del told["reason"]
        told |= {"reason": step.value} if name == FAILED else {}
        now = simulated_fact(step.id, SOURCE, name, step.at, told, wrong.lineage)
        stage.simulation.happen(now)
    stage.facts[step.id] = stage.facts[step.about] = now
    _follow(stage, now, scenario)
    return None


def _follow(stage: _Stage, visit: Fact, scenario: Scenario) -> None:
    """What others say of a contact that went badly, once for a contact however often it is corrected."""
    for event in _consequences(visit, scenario):
        once = (visit.data["task_id"], event.name)
        if once not in stage.said:
            stage.said.add(once)
            stage.simulation.happen(event)


def _consequences(visit: Fact, scenario: Scenario) -> Iterator[Fact]:
    """What visits and complaints say at once of a contact that went badly: dissatisfied, a problem found, a case opened.

    They go by the contact's name in the test; so does the case, unless the test opens one itself.
    """
    if visit.name != COMPLETED:
        return
    data = dict(visit.data)
    unhappy = _is_unhappy(data)
    if unhappy:
        yield simulated_fact(visit.id, SAID[0], "visit.dissatisfied", visit.at, data, visit.lineage)
    if data.get("problems"):
        yield simulated_fact(visit.id, SAID[1], "visit.problem_found", visit.at, data, visit.lineage)
    if (data.get("problems") or (unhappy and not data.get("case_id"))) and not _opens_a_case(scenario, visit):
        case = {key: data[key] for key in ("customer", "matters", "kind", "branch")}
        opened = {**case, "case_id": visit.id, "origin": "visit", "first_rating": data.get("rating")}
        yield simulated_fact(visit.id, SAID[2], "complaint.opened", visit.at, opened, visit.lineage)


def _is_unhappy(data: Mapping[str, Any]) -> bool:
    rating = data.get("rating")
    return isinstance(rating, int) and rating < WORST_CONTENT_RATING


def _opens_a_case(scenario: Scenario, visit: Fact) -> bool:
    """Whether the test says itself which case comes of it, as it may need to say its grade."""
    opened = [one for one in scenario.steps if (one.kind, one.value) == ("case", "opened") and one.at >= visit.at]
    return any(one.customer.get("id") == visit.customer_id for one in opened)


def _is_meant(task: Task, step: Step) -> bool:
    about = any(matter["event_id"] == step.about for matter in task.matters)
    return task.state == "released" and about and step.step in ("", task.step)


def _fact_of(step: Step) -> Fact:
    data = {**step.data}
    if step.customer:
        data.setdefault("customer", dict(step.customer))
    if step.kind == "opt_out":
        data = {"purpose": "all", **data, "channel": step.value, "customer_id": step.customer.get("id", "")}
        return simulated_fact(step.id, SOURCE, "notification.opted_out", step.at, data)
    if step.kind == "case":
        return simulated_fact(step.id, SOURCE, f"complaint.{step.value}", step.at, {"case_id": step.about, **data})
    if step.value == WITHDRAWN:
        told = {"event_source": SOURCE, "customer_id": "", "reason": "cancelled", "withdrawn_at": step.at}
        data = {**told, "customer_id": step.customer.get("id", ""), **step.data}
    return simulated_fact(step.id, SOURCE, step.value, step.at, data)


def _visit(task: Task, step: Step) -> Fact:
    data: dict[str, Any] = {
        "task_id": str(task.id),
        "policy_id": task.policy_id,
        "round": task.round,
        "customer": dict(task.card),
        "matters": list(task.matters),
        "kind": task.kind,
        "branch": task.branch,
        "team": task.team,
        "channel": task.channel,
        "case_id": task.case_id,
    }
    name = CONTACTS.get(step.value, FAILED)
    reason = {"reason": step.value} if name == FAILED else {}
    return simulated_fact(step.id, SOURCE, name, step.at, data | reason | dict(step.data), task.lineage)


def _best(expected: Expected, tasks: Iterable[Task]) -> Task | None:
    """The expected policy's task for the fact; of several the most alike."""
    candidates = [task for task in tasks if (task.event_id, task.policy_id) == (expected.fact, expected.policy)]
    return min(candidates, key=lambda task: len(_rows(expected, task)), default=None)


def _rows(expected: Expected, task: Task) -> list[tuple[str, str, str]]:
    rows = []
    for name, wanted in expected.values.items():
        want, got = _text(wanted), _text(_got(task, name))
        if want != got:
            rows.append((name, want, got))
    return rows


def _got(task: Task, name: str) -> Any:
    """A task's value by its name in tests."""
    if name == "matters":
        return [matter["event_id"] for matter in task.matters]
    return getattr(task, {"due": "due_at", "deadline": "deadline_at", "warn": "warn_at"}.get(name, name))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return local_text(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "无"
    return "无" if value in (None, "") else str(value)


def _compare(stage: _Stage, expected: Expected, task: Task | None) -> list[Difference]:
    if task is None:
        message = f"应有策略 {expected.policy} 对 {expected.fact} 的任务，但没有"
        return [Difference(expected.line, message, (), stage.explained(expected.fact))]
    rows = _rows(expected, task)
    message = f"策略 {expected.policy} 对 {expected.fact} 的任务与期望不同"
    return [Difference(expected.line, message, tuple(rows), stage.explained(expected.fact))] if rows else []


def _check_absent(stage: _Stage, absent: Unexpected, left: Iterable[Task]) -> Difference | None:
    got = _reasons(stage, absent.fact, absent.policy)
    if absent.reason in got and not any(_is_of(task, absent) for task in left):
        return None
    who = f"策略 {absent.policy} " if absent.policy else ""
    rows = (("reason", absent.reason, "、".join(got) or "无决定"),)
    return Difference(absent.line, f"{who}不应对 {absent.fact} 另作联系", rows, stage.explained(absent.fact))


def _is_of(task: Task, absent: Unexpected) -> bool:
    return task.event_id == absent.fact and absent.policy in ("", task.policy_id) and task.reason != MERGED


def _reasons(stage: _Stage, fact_id: str, policy: str) -> list[str]:
    """What came of the fact, or of one policy's say in it; a refusal also by its kind."""
    decisions = stage.decisions(fact_id)
    if not policy:
        return [decision.outcome for decision in decisions]
    details = [(one, detail) for one in decisions for detail in one.details if detail.get("policy") == policy]
    found = [stage.came_to(one, detail) for one, detail in details]
    found += [detail["reason"] for _, detail in details if "reason" in detail]
    return found or (["no_policy_matches"] if decisions else [])


def _surplus(stage: _Stage, scenario: Scenario, task: Task) -> Difference:
    shown = ("due", "deadline", "channel", "team", "questionnaire", "state", "reason")
    rows = tuple((name, "", _text(_got(task, name))) for name in shown)
    message = f"多出一个没有写在 expect 中的任务：策略 {task.policy_id} 对 {task.event_id}"
    return Difference(scenario.line, message, rows, stage.explained_task(task))
