"""A pack of any size and kind is checked in seconds; what is too large is told with the limit, before it is read."""

import time
from collections.abc import Callable

import pytest

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import PackInvalid, read_pack
from shared.declared.section import MOST_PROBLEMS, Problem
from tests.scheduler.domain.packs.test_check import FILES, LEAVES, ONE, ORG, PACK, POLICIES, TEST, A, K, Mistake, T

LEAF = "{field: a, op: eq, value: 1}"
SLOWEST = 5.0  # seconds


def check(files: dict[str, str]) -> list[Problem]:
    return check_pack(files, "test")


def policy(number: int, leaves: int = 1, steps: int = 0, channels: int = 0) -> str:
    """One of a file's `policies`, with a condition of so many comparisons and so many steps."""
    condition = f"{{all: [{', '.join([LEAF] * leaves)}]}}"
    head = f"  - id: a{number}\n    title: 甲\n    rate: all\n"
    head += f"    trigger: {{events: [repair.closed], condition: {condition}}}\n"
    fallback = f"fallback: [{', '.join(['{channel: sms}'] * channels)}]"
    return (
        head + ("    steps:\n" if steps else "") + "".join(f"      - {{id: s{n}, {fallback}}}\n" for n in range(steps))
    )


def several(*policies: str) -> str:
    return "policies:\n" + "".join(policies)


STRANGE = "\n".join(f"k{n}: v" for n in range(9_000))
FIELDS = ", ".join(f"f{n}: {{type: string, pattern: ^a}}" for n in range(30))
KIND_LINES = "".join(f"  - {{event: e.x{n}, title: 甲, schema: {{properties: {{{FIELDS}}}}}}}\n" for n in range(80))
UNITS = "organisation:\n  code: HQ\n  title: 总部\n  children: [" + "{code: a, title: 甲}," * 2_000 + "]"
DAYS = ", ".join(f'"20{year:02}-01-{day:02}": off' for year in range(20) for day in range(1, 29))
CALENDARS = "calendars:\n" + "".join(f"  c{n}: {{days: {{{DAYS}}}}}\n" for n in range(10))


def split(each: Callable[[int], str], files: int, of: int) -> dict[str, str]:
    """So many files of so many policies."""
    return {f"policies/p{n}.yaml": several(*(each(n * of + m) for m in range(of))) for n in range(files)}


def same(text: str, files: int) -> dict[str, str]:
    return {f"policies/p{n}.yaml": text for n in range(files)}


HUGE: dict[str, tuple[dict[str, str], str]] = {
    "files": (same("", 600), "最多 500 个文件"),
    "characters": (same("#" * 200_000, 3), "合计最多 512 K 字"),
    "values": (same("a: [" + "[]," * 15_000 + "]", 8), "内容太多"),
    "values of a file": ({A: "a: [" + "[]," * 25_000 + "]"}, "内容太多"),
    "policies": (split(policy, 3, 200), "最多 500 条策略"),
    "steps of large policies": (split(lambda n: policy(n, 100, 20, 1), 5, 5), "策略太多太长"),
    "comparisons": ({A: several(policy(1, 201))}, "最多 200 个比较"),
    "kinds": ({K: f"kinds:\n{KIND_LINES}"}, "各 schema 合计最多"),
    "mistakes": (split(lambda n: f"  - {{a: {n}}}\n", 4, 400), "缺少此项"),
    "keys nobody knows": ({A: STRANGE}, "另有 8980 个键"),
    "files in another form": (same(STRANGE[:30_000] + "\n\tx: y", 15), "制表符"),
    "units": ({ORG: UNITS}, "最多 1000 项"),
    "days": ({"pack.yaml": PACK + CALENDARS}, "合计最多 5000 天"),
}


@pytest.mark.parametrize(("files", "says"), HUGE.values(), ids=HUGE)
def test_a_pack_of_any_size_is_answered_in_seconds(files: dict[str, str], says: str) -> None:
    started = time.process_time()
    found = check({**FILES, **files})
    assert time.process_time() - started < SLOWEST
    assert any(says in one.message for one in found), found[:5]
    assert len(found) <= MOST_PROBLEMS + 5


RATE = "    rate: 20\n"


def repeated(every: str, times: int) -> str:
    return f"{RATE}    steps: [{{id: first, repeat: {{every: {{{every}}}, times: {times}}}}}]\n"


def steps(count: int, times: int) -> str:
    each = "".join(f"      - {{id: s{n}, repeat: {{every: {{days: 1}}, times: {times}}}}}\n" for n in range(count))
    return f"{RATE}    steps:\n{each}"


REPEAT = f"{ONE}.steps[0].repeat"
MISTAKES = {
    "repeated at once": Mistake(A, RATE, repeated("minutes: 0", 3), 13, f"{REPEAT}.every.minutes", "应写1 到"),
    "repeated for ever": Mistake(A, RATE, repeated("months: 12", 100), 13, f"{REPEAT}.times", "最长 3660 天"),
    "many steps often": Mistake(A, RATE, steps(10, 50), 13, f"{ONE}.steps", "合计有 500 次"),
    "more steps than anybody plans": Mistake(A, RATE, steps(21, 2), 13, f"{ONE}.steps", "最多 20 项"),
    "months without end": Mistake(A, "{days: 1}", "{months: 121}", 13, f"{ONE}.delay.months", "0 到 120"),
    "weeks without end": Mistake(A, "{working_days: 3}", "{weeks: 521}", 14, f"{ONE}.deadline.weeks", "0 到 520"),
    "a year nobody lives to see": Mistake(
        T, "at: 2026-03-06 15:00", "at: 9999-12-31 23:00", 6, "tests[0].given[0].at", "2000 到 2099"
    ),
    "until the end of time": Mistake(
        T, "    draw: all\n", "    draw: all\n    until: 9999-12-31 00:00\n", 5, "tests[0].until", "2000 到 2099"
    ),
    "until a year without a century": Mistake(
        T, "    draw: all\n", "    draw: all\n    until: 9999\n", 5, "tests[0].until", "2026-03-06 15:00"
    ),
    "valid from year one": Mistake(A, RATE, f"{RATE}    valid_from: 0001-01-01\n", 13, f"{ONE}.valid_from", "2000 到 2099"),
    "a value that is a book": Mistake(
        A, "value: cancelled", f"value: {'x' * 1001}", 8, f"{LEAVES}[0].value", "每个最长 1000 个字"
    ),
    "a title that is a book": Mistake(
        A, "title: 一", f"title: {'一' * 201}", 3, f"{ONE}.title", "最长 200 个字，现在有 201 个"
    ),
    "an id that is too long": Mistake(A, "id: one", f"id: {'a' * 80}", 2, f"{ONE}.id", "太长，请缩短"),
    "an event that is too long": Mistake(
        A, "[repair.closed]", f"[{'a' * 201}]", 5, f"{ONE}.trigger.events", "有一项有 201 个"
    ),
    "a list that is too long": Mistake(A, "[case_open]", f"[{'case_open, ' * 201}]", 16, f"{ONE}.guards", "最多 200 项"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_file_line_key_and_what_to_write(mistake: Mistake) -> None:
    assert FILES[mistake.file].count(mistake.right) >= 1
    wrong = FILES[mistake.file].replace(mistake.right, mistake.wrong, 1)
    found = check({**FILES, mistake.file: wrong})
    told = [one for one in found if (one.file, one.line, one.key) == (mistake.file, mistake.line, mistake.key)]
    assert any(mistake.says in one.message for one in told), found


@pytest.mark.parametrize(
    "files", [{"pack.yaml": PACK}, {"pack.yaml": PACK, K: FILES[K], "policies/a.yml.txt": POLICIES}]
)
def test_a_pack_without_policies_is_refused_as_it_would_retire_what_it_had(files: dict[str, str]) -> None:
    with pytest.raises(PackInvalid, match="没有策略"):
        read_pack(files, "test")
    assert any("没有策略" in one.message and not one.warning for one in check(files))


@pytest.mark.parametrize(
    "value", ["{2026-01-01: 1}", "{{a: 1}: 2}", "{1: {2: {3: [4]}}}", "[[[[]]]]", "2026-01-01", "~"]
)
@pytest.mark.parametrize("place", ["title: 一", "id: one", "rate: 20", "op: ne", "[case_open]", "{days: 1}"])
def test_any_structure_anywhere_is_told_and_ends_in_no_traceback(place: str, value: str) -> None:
    key = place.partition(":")[0]
    wrong = f"{key}: {value}" if ":" in place and not place.startswith("{") else value
    assert check({**FILES, A: POLICIES.replace(place, wrong, 1), T: TEST}) is not None
