"""What the topics say: every event counted once, however often it was published."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from pydantic import ValidationError

from deploy.reconcile.figures import Recount
from deploy.reconcile.kept import Identity, RuleVersion
from deploy.reconcile.notices import Notices
from services.analytics.domain.measures import by_matter
from services.analytics.domain.observations import Occurrence
from services.complaints.domain.opening import complains
from services.scheduler.domain.occasion import ARRIVED, DRAWN
from services.visits.domain.task_events import has_visit
from shared.contracts.base import INTAKE, NOTIFICATIONS
from shared.contracts.intake import HotlineCaseClosed
from shared.contracts.tasks import FollowupReleased, OccasionArrived
from shared.contracts.visits import VisitCompleted
from shared.messaging import Event

SUBJECT_FIELDS = {"followup": "task_id", "visit": "visit_id", "complaint": "case_id", "notification": "send_id"}


class Heard:
    """`about` counts, per event name, the tasks, visits, cases or sends that events of that name are about."""

    def __init__(self, rules: Iterable[RuleVersion] = ()) -> None:
        self.seen: set[UUID] = set()
        self.counts: Counter[str] = Counter()
        self.about: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.intake: set[Identity] = set()
        self.own: set[Identity] = set()
        self.occasions: set[str] = set()
        self.drawn: Counter[str] = Counter()
        self.for_agents: set[str] = set()
        self.rated: set[str] = set()
        self.second: set[str] = set()
        self.openings: set[str] = set()
        self.second_problems: set[str] = set()
        self.unsolved: set[tuple[str, str]] = set()
        self.resolutions: dict[str, str] = {}
        self.notices = Notices(rules)
        self.recount = Recount()

    def take(self, arrived: Iterable[tuple[str, Event]]) -> None:
        """Take in (topic, event) pairs; those taken before count for nothing, nor do those that break their contract:
        their consumers made dead letters of them."""
        fresh = []
        for topic, event in arrived:
            if event.event_key not in self.seen:
                self.seen.add(event.event_key)
                with suppress(ValidationError):
                    self._take(topic, event)
                    fresh.append(Occurrence(event.id, event.name, event.time, event.data, event.practice))
        self._count(fresh)

    def _count(self, fresh: list[Occurrence]) -> None:
        try:
            self.recount.take(fresh)
        except ValidationError:
            for one in fresh:
                with suppress(ValidationError):
                    self.recount.take([one])

    def _take(self, topic: str, event: Event) -> None:
        self.counts[event.name] += 1
        identity = (event.source, event.id)
        if topic == INTAKE:
            self.intake.add(identity)
            self._take_fact(event)
        else:
            self.own.add(identity)
            self._take_own(event)
        if topic != NOTIFICATIONS:
            self.notices.take(event)

    def _take_fact(self, event: Event) -> None:
        if event.name == "hotline.case_closed":
            hotline = event.read(HotlineCaseClosed)
            if complains(hotline):
                self.unsolved.add((event.source, hotline.case_no))

    def _take_occasion(self, event: Event) -> None:
        occasion = event.read(OccasionArrived)
        self.occasions.add(str(event.event_key))
        if occasion.reason in DRAWN:
            self.drawn[f"{occasion.policy_id} {occasion.fact.source} {occasion.fact.id} {occasion.customer_id}"] += 1

    def _take_own(self, event: Event) -> None:
        if event.name == ARRIVED:
            self._take_occasion(event)
        field = SUBJECT_FIELDS.get(event.name.partition(".")[0], "")
        subject = str(event.data.get(field, ""))
        if subject:
            self.about[event.name][subject] += 1
        if event.name == "followup.released" and has_visit(event.read(FollowupReleased)):
            self.for_agents.add(subject)
        if event.name == "followup.planned" and event.data.get("round", 1) > 1:
            self.second.add(subject)
        if event.name == "visit.completed" and event.data.get("round", 1) == 1:
            self.rated |= {subject, *(subject + mark for mark, _ in by_matter(event.read(VisitCompleted)))}
        if event.name == "complaint.resolved":
            self.resolutions[event.id] = subject
        if event.name in ("visit.dissatisfied", "visit.problem_found"):
            self._take_bad_visit(event, subject)

    def _take_bad_visit(self, event: Event, visit_id: str) -> None:
        if not event.data.get("case_id"):
            self.openings.add(visit_id)
        elif event.name == "visit.problem_found" or event.data.get("correction"):
            self.second_problems.add(visit_id)
