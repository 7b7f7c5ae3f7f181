"""How large a pack may be, told before anything of it is read: checking one takes seconds at most, wherever it is done."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.declared.section import Problem

MOST_FILES = 500
LARGEST_PACK = 512 << 10  # characters of all files
MOST_SIGNS = 150_000  # of what separates values, in all files
SIGNS = "\n,:[{-"
LONGEST_PATH = 200
MOST_POLICIES = 500
MOST_KINDS = 200
MOST_SCHEMA_PARTS = 6_000  # values in the schemas of all kinds
MOST_TESTS = 1_000
MOST_WORK = 300_000  # values read, those of a policy once for each of its steps and channels


def size_problems(files: Mapping[str, str]) -> Iterator[Problem]:
    """What keeps the files from being read at all."""
    total = sum(map(len, files.values()))
    if len(files) > MOST_FILES:
        yield Problem("", "", f"策略包最多 {MOST_FILES} 个文件，现在有 {len(files)} 个；请分成几个包")
    if total > LARGEST_PACK:
        yield Problem("", "", f"策略包所有文件合计最多 {LARGEST_PACK >> 10} K 字，现在有 {total >> 10} K；请分成几个包")
    if sum(text.count(sign) for text in files.values() for sign in SIGNS) > MOST_SIGNS:
        yield Problem("", "", "策略包内容太多，请分成几个包")
    for path in files:
        if len(path) > LONGEST_PATH:
            yield Problem(path[:LONGEST_PATH], "", f"文件路径最长 {LONGEST_PATH} 个字")


def parts_of(value: Any) -> int:
    """How many values a structure is made of."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(map(parts_of, inner))


def work_of(file: Mapping[str, Any]) -> int:
    """How many values are read of a file of policies: a step is read as its whole policy is."""
    policies = file.get("policies")
    return sum(map(_work_of, policies if isinstance(policies, list) else [file]))


def _work_of(policy: Any) -> int:
    steps = policy.get("steps") if isinstance(policy, Mapping) else None
    return parts_of(policy) * (1 + sum(map(_ways_of, steps if isinstance(steps, list) else ())))


def _ways_of(step: Any) -> int:
    fallback = step.get("fallback") if isinstance(step, Mapping) else None
    return 1 + (len(fallback) if isinstance(fallback, list) else 0)
