"""What keeps work rules from being set: a value with which an open visit could not be decided, or the past be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.visits.domain.errors import InvalidWorkRules
from services.visits.domain.hours import ContactHours, read_frames
from services.visits.domain.results import CONNECTED, RESULTS
from services.visits.domain.work_rules_document import Result, RulesDocument
from services.visits.domain.work_rules_words import ENDINGS

Fault = tuple[str, str]  # the field, what is wrong and what to write
NEVER_RETIRED: Mapping[str, str] = {
    "completed": "没有它，未办结的单都不能办结",
    "callback_agreed": "没有它，客户约的时间无处可记",
    "refused": "没有它，客户的拒绝无处可记",
}
_RETRY = "请填间隔（retry: {hours: 2}）或下一工作日（retry: next_working_day）"
# how a visit may end by a code of that meaning; None = it is tried again
_ENDINGS: Mapping[str, tuple[str | None, ...]] = {
    "completed": ("completed",),
    "partly": ("completed",),
    "callback_agreed": (None,),
    "refused": ("refused",),
    **dict.fromkeys(("wrong_person", "suspended", "invalid_number", "wrong_number"), (None, "invalid_number")),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """The document as it is to be kept, and the codes it retires by leaving them out."""

    document: RulesDocument
    retired: tuple[str, ...]


def check(document: RulesDocument, before: RulesDocument, used: Sequence[str]) -> Kept:
    """The document to keep in the place of the one `before`. `used` are the deployment's own codes that attempts have.

    A code of the platform, or one that was used, does not go by being left out: it is retired. Raises InvalidWorkRules.
    """
    named = {result.code for result in document.results}
    left = [one for one in before.results if one.code not in named and (one.code in RESULTS or one.code in used)]
    kept = document.model_copy(update={"results": [*document.results, *map(_retired, left)]})
    if faults := [*_of_codes(kept), *_of_retry_hours(kept), *_of_meaning(kept, before, used), *_of_self_answer(kept)]:
        errors = [{"field": field, "message": message} for field, message in faults]
        raise InvalidWorkRules("；".join(f"{field}：{message}" for field, message in faults[:5]), errors=errors)
    return Kept(kept, tuple(one.code for one in left if not one.retired))


def _retired(result: Result) -> Result:
    return result.model_copy(update={"retired": True})


def _of_codes(document: RulesDocument) -> Iterator[Fault]:
    taken: dict[tuple[str, str], str] = {}
    for number, result in enumerate(document.results):
        at = f"results.{number}"
        names = [("code", result.code)]
        if not result.retired:
            names += [("title", result.title), *([("shortcut", result.shortcut)] if result.shortcut else [])]
        for field, name in names:
            if other := taken.get((field, name)):
                yield f"{at}.{field}", f"「{name}」与 {other} 重复，请另写一个"
            taken[field, name] = result.code
        yield from _of_one(at, result)
    chosen = {result.code for result in document.results if not result.retired}
    for code, why in NEVER_RETIRED.items():
        if code not in chosen:
            yield "results", f"{code}（{RESULTS[code].label}）不能停用：{why}。请保留 code: {code}，可以改名、改快捷键"
    if all(one.meaning in CONNECTED for one in document.results if not one.retired):
        yield "results", "至少要有一个未接通的结果，否则没打通的单无处可记。请保留 no_answer 等代码之一"


def _of_one(at: str, result: Result) -> Iterator[Fault]:
    if result.means is None and result.code not in RESULTS:
        yield (
            f"{at}.means",
            f"平台没有代码 {result.code}；自定的代码请写明相当于哪一个，如「无人接听」（means: no_answer）",
        )
        return
    if result.code in RESULTS and result.meaning != result.code:
        yield f"{at}.means", f"平台的代码 {result.code} 含义不能改，请去掉「相当于」（删去 means）"
        return
    allowed = _ENDINGS.get(result.meaning, (None,))
    if result.ending not in allowed:
        words = "，或".join(f"{ENDINGS[one]}（ending: {one}）" if one else "再次联系（不写 ending）" for one in allowed)
        yield f"{at}.ending", f"「{result.title}」不能这样结束，应为：{words}"
        return
    tried_again = result.ending is None and result.meaning != "callback_agreed"
    if tried_again and result.retry is None:
        yield (
            f"{at}.retry",
            f"「{result.title}」之后何时再次联系？{_RETRY}",
        )
    if not tried_again and result.retry is not None:
        yield f"{at}.retry", f"「{result.title}」之后不按间隔再次联系，请去掉间隔（删去 retry）"
    if not tried_again and result.retry_hours is not None:
        yield f"{at}.retry_hours", f"「{result.title}」之后不按间隔再次联系，请去掉时段（删去 retry_hours）"
    if result.needs_answers and result.ending != "completed":
        yield f"{at}.needs_answers", "只有办结的结果可以要求已有答案，请去掉此项（删去 needs_answers）"
    if result.code == "completed" and not result.needs_answers:
        yield f"{at}.needs_answers", "「完成」即必答题已全部回答，须要求已有答案（needs_answers: true）"


def _of_retry_hours(document: RulesDocument) -> Iterator[Fault]:
    """Hours of a code in which nobody may be called anyway would never count."""
    called = ContactHours(read_frames(document.contact_hours))
    for number, result in enumerate(document.results):
        if result.retry_hours is None or called.meets(read_frames(result.retry_hours)):
            continue
        yield (
            f"results.{number}.retry_hours",
            f"「{result.title}」再次联系的时段 {result.retry_hours} 与每天可以拨打的时段 {document.contact_hours} 没有重叠",
        )


def _of_meaning(document: RulesDocument, before: RulesDocument, used: Sequence[str]) -> Iterator[Fault]:
    meant = {result.code: result.meaning for result in before.results if result.code in used}
    for number, result in enumerate(document.results):
        if meant.get(result.code, result.meaning) != result.meaning:
            then = meant[result.code]
            yield (
                f"results.{number}.means",
                f"{result.code} 已有联系记录，含义仍须为 {then}；请另取一个代码，并停用这一个",
            )


def _of_self_answer(document: RulesDocument) -> Iterator[Fault]:
    known = {result.code: result for result in document.results}
    fit = [one.code for one in document.results if not one.retired and one.meaning not in CONNECTED and not one.ending]
    for number, code in enumerate(document.self_answer.after):
        if code in fit:
            continue
        named = f"「{known[code].title}」" if code in known else f"没有结果代码 {code}；"
        yield f"self_answer.after.{number}", f"{named}不能用于自助作答，可写：{'、'.join(fit)}"
