"""The one reader of YAML and JSON: nothing that fits into a body may end the process, freeze it or fill its memory."""

import subprocess
import sys
import textwrap
from typing import Any

import pytest

from shared.documents import LARGEST_BYTES, read_document
from shared.errors import BadRequest
from shared.yaml_reader import DEEPEST, LARGEST, MOST_VALUES, read_yaml

HALF = LARGEST_BYTES // 2
DEEP = {
    "lists closed": "[" * HALF + "]" * HALF,
    "lists open": "[" * LARGEST_BYTES,
    "lists with values": "[1," * (LARGEST_BYTES // 3),
    "mappings": '{"a":' * 9_000 + "1" + "}" * 9_000,
    "dashes": "- " * HALF,
    "keys": "? " * HALF,
    "900 deep": '{"a":' * 900 + "1" + "}" * 900,
}
CHILD = """
import resource, sys, threading
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from shared.documents import read_document
from shared.errors import BadRequest
body = sys.stdin.buffer.read()
def read():
    try:
        read_document(body)
    except BadRequest as refused:
        print("refused", "太深" in refused.detail)
threading.stack_size(256 << 10)
threads = [threading.Thread(target=read)]
read()
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_what_is_nested_without_end_is_refused_and_ends_no_process(text: str) -> None:
    """In a process of its own, by a thread with a small stack too: a crash fails the test and not the whole run."""
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD)],
        input=text.encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (child.returncode, child.stdout.split()) == (0, [b"refused", b"True"] * 2), child.stderr[-300:]


def test_what_people_write_is_not_too_deep() -> None:
    depth = DEEPEST - 1
    assert read_yaml("[" * depth + "1" + "]" * depth).slips == []


BIG = {
    "values": ("[" + "1," * MOST_VALUES + "1]", "内容太多"),
    "characters": ("#" * (LARGEST + 1), "文件太大"),
    "a key": (f"{'k' * 201}: 1", "键最长"),
    "aliases": ("a: &a [1]\nb: *a", "不能用 & 和 *"),
    "an anchor": ("a: &a [1]", "不能用 & 和 *"),
    "a tag": ("a: !!set {b}", "不能用 !"),
    "bytes": ("a: !!binary aGVsbG8=", "不能用 !"),
    "half a character": ("a: \ud800", "无法识别"),
    "NUL": ("a: \x00", "控制字符"),
}


@pytest.mark.parametrize(("text", "says"), BIG.values(), ids=BIG)
def test_what_is_never_read_is_told(text: str, says: str) -> None:
    (slip,) = read_yaml(text).slips
    assert says in slip.message


PLAIN: dict[str, Any] = {
    "1": 1,
    "-12": -12,
    "1.5": 1.5,
    "1e3": 1000.0,
    "-0.5E-2": -0.005,
    ".5": 0.5,
    "0": 0,
    "999999999999999": 999999999999999,
    "true": True,
    # what YAML 1.1 or Python would make something else of than whoever wrote it
    "0571": "0571",
    "09:00": "09:00",
    "1:30:00": "1:30:00",
    "1_000": "1_000",
    "0x1F": "0x1F",
    "yes": "yes",
    "off": "off",
    ".inf": ".inf",
    ".nan": ".nan",
    "1e400": "1e400",
    "123456789012345678": "123456789012345678",
    "9" * 400: "9" * 400,
    "1" + ":1" * 3000: "1" + ":1" * 3000,
}


@pytest.mark.parametrize(("written", "value"), PLAIN.items(), ids=[text[:20] for text in PLAIN])
def test_plain_words_mean_what_json_means_by_them(written: str, value: object) -> None:
    read = read_document(f"a: {written}".encode())["a"]
    assert (read, type(read)) == (value, type(value))


def test_long_key_paths_fill_no_memory() -> None:
    """20,000 values below 60 long keys: every one would have a line by a path of 12,000 characters."""
    text = "".join(f"{' ' * n}{'k' * 190}{n}:\n" for n in range(60)) + " " * 60 + "[" + "1," * 19_000 + "1]"
    read = read_yaml(text)
    assert not read.slips
    assert sum(map(len, read.lines)) < 1_000_000


@pytest.mark.parametrize(("text", "place"), [("a: 1\n\tb: 2", "第 2 行"), ("a: 1\na: 2", "第 2 行")])
def test_a_document_that_is_sent_is_told_its_mistakes_by_line(text: str, place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_document(text.encode())
    assert place in refused.value.detail
