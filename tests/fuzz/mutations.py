"""Packs as a careless, an unlucky and a malicious author would write them: seeded changes of real ones."""

import json
import random
from collections.abc import Callable
from typing import Any

import yaml

Files = dict[str, str]
EVIL = "^(a+)+$"
DOUBLED = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)} | {"d30": {"type": "object"}}
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"field": "text", "op": "matches", "value": EVIL},
    {"cel": f"data.text.matches('{EVIL}')"},
    {"cel": "[data.text]" + ".map(a, a + a)" * 30 + "[0].size() > 1"},
    {"cel": "data.list.all(x, data.list.all(y, data.list.all(z, x + y + z >= 0)))"},
    {"field": "text", "op": "eq", "value": "a"},
)
SCHEMAS: tuple[dict[str, Any], ...] = (
    {"type": "object"},
    {"properties": {"text": {"pattern": EVIL}}},
    {"patternProperties": {EVIL: {"type": "string"}}},
    {"$ref": "#/$defs/d0", "$defs": DOUBLED},
)
WORDS = (
    *(
        "",
        " ",
        "all",
        "none",
        "*",
        "repair.closed",
        "visit.completed",
        "followup.planned",
        "2026-03-06 15:00",
        "9999-12-31",
    ),
    *(
        "0001-01-01",
        "：",
        "，",
        "“一”",
        "１２",
        "２０",
        "\u202e",
        "\x00",
        "\u200b",
        "𠀀😀",
        "(a+)+$",
        "(?=a)",
        "[",
        "{{",
        "}}",
    ),
    *("data.a.map(x, x + x)[0] == 'a'", "data.x ==", "timestamp('x') > timestamp('y')", "00:00-24:00", "22:00-06:00"),
    *("x" * 300, "x" * 5_000, "a.b" * 200, "~", "=", "!!set {a}", "&a", "*a", "<<"),
)
NUMBERS = (
    0,
    -1,
    1,
    9,
    100,
    10_000,
    10**9,
    10**15,
    10**16,
    10**30,
    10**400,
    0.5,
    -0.0,
    1e300,
    float("inf"),
    float("nan"),
)
KEYS = (
    *(
        "id",
        "title",
        "trigger",
        "events",
        "condition",
        "all",
        "any",
        "not",
        "field",
        "op",
        "value",
        "rate",
        "delay",
        "days",
    ),
    *(
        "steps",
        "repeat",
        "every",
        "times",
        "fallback",
        "deadline",
        "window",
        "frames",
        "questionnaire",
        "cel",
        "history",
    ),
    *("ｒａｔｅ", "rate：", "<<", "on", "1", ""),
)
SNIPPETS = ("\t", "：", "，", "“", "[", "{", "]", "}", "- ", "? ", "! ", "&a ", "*a ", "#", "|", ">", "---\n")
FOREIGN = (
    "policies/b.yaml",
    "policies/c.yml",
    "policy/a.yaml",
    "x.yaml",
    "tests/z.yaml",
    "kinds/z.yaml",
    "templates/z.yaml",
)


def mutated(files: Files, seed: int) -> Files:
    """One to four changes of the pack, the same for the same seed."""
    chance = random.Random(seed)
    changed = dict(files)
    for _ in range(chance.randint(1, 4)):
        chance.choice(CHANGES)(changed, chance)
    return changed


def _structural(files: Files, chance: random.Random) -> None:
    """A key dropped, doubled, renamed, or given a value of another kind."""
    path = chance.choice(sorted(files))
    try:
        content = yaml.safe_load(files[path])
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    places = list(_places(content))
    if not places:
        return
    for above, key in chance.sample(places, min(len(places), chance.randint(1, 3))):
        _change(above, key, chance)
    files[path] = yaml.safe_dump(content, allow_unicode=chance.random() < 0.9, sort_keys=False)


def _change(above: Any, key: Any, chance: random.Random) -> None:
    what = chance.randrange(6)
    if what == 0:
        above.pop(key, None) if isinstance(above, dict) else above.clear()
    elif what == 1 and isinstance(above, dict):
        above[chance.choice(KEYS)] = above.pop(key, None)
    elif what == 2 and isinstance(above, list):
        above.extend(above[:50] * chance.choice((1, 10, 100)))
    elif what == 3 and isinstance(above, dict):
        above[key] = [above[key]] * chance.choice((1, 2, 300)) if key in above else None
    elif isinstance(above, dict):
        above[key] = _value(chance)
    else:
        above[:1] = [_value(chance)]


def _value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(6 if depth < 3 else 4)
    if kind == 4:
        return [_value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    if kind == 5:
        return {chance.choice(KEYS): _value(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    return chance.choice((None, True, False) if kind == 3 else NUMBERS if kind == 2 else WORDS)


def _places(value: Any) -> Any:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(entries):
        yield value, key
        yield from _places(below)


def _textual(files: Files, chance: random.Random) -> None:
    """Something typed, lost, repeated or pasted at any place of a file."""
    path = chance.choice(sorted(files))
    text = files[path]
    at = chance.randrange(len(text) + 1)
    upto = min(len(text), at + chance.choice((1, 3, 20, 200)))
    files[path] = chance.choice(
        (
            lambda: text[:at],
            lambda: text[:at] + text[upto:],
            lambda: text[:at] + chance.choice(SNIPPETS) + text[at:],
            lambda: text[:at] + chance.choice(WORDS) + text[upto:],
            lambda: text[:at] + str(chance.choice(NUMBERS)) + text[upto:],
            lambda: (
                text[:at] + text[at:upto].translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}) + text[upto:]
            ),
            lambda: text[:at] + text[at:upto] * chance.choice((2, 50, 2_000)) + text[upto:],
            lambda: text.replace("\n", chance.choice(("\r\n", "\n\n", " ", "\u2028", "\n\t"))),
            lambda: text + text,
        )
    )()


def _deep(files: Files, chance: random.Random) -> None:
    """Brackets and indentation without end, in a file or in a value of one."""
    path, depth = chance.choice(sorted(files)), chance.choice((30, 70, 900, 30_000))
    opened, closed = chance.choice((("[", "]"), ("{a: ", "}"), ("- ", ""), ("not: {", "}"), ("(", ")")))
    inner = opened * depth + "1" + closed * chance.choice((0, depth))
    files[path] = chance.choice((inner, f"x: {inner}\n", files[path].replace(": ", f": {inner} ", 1)))


def _foreign(files: Files, chance: random.Random) -> None:
    """A file of another kind, another place or another pack; one that is gone."""
    if chance.random() < 0.3:
        files.pop(chance.choice(sorted(files)))
    else:
        other = files[chance.choice(sorted(files))]
        texts = (other, "", "x", "\ufffd" * 40, "{}", "[]", "null", "PK\x03\x04", str(_value(chance)))
        files[chance.choice(FOREIGN)] = chance.choice(texts)


def _large(files: Files, chance: random.Random) -> None:
    """Of everything in a file more than anybody writes."""
    path = chance.choice(sorted(files))
    head, _, body = files[path].partition("\n")
    files[path] = chance.choice(
        (
            lambda: f"{head}\n{body * 40}",
            lambda: files[path] + "".join(f"k{n}: {n}\n" for n in range(chance.choice((300, 30_000)))),
            lambda: files[path] + f"x: [{'a, ' * chance.choice((300, 100_000))}b]\n",
            lambda: files[path] + f"x: {'一' * chance.choice((300, 300_000))}\n",
        )
    )()


def _numbers(files: Files, chance: random.Random) -> None:
    """Another number in the place of every one of a line."""
    path = chance.choice(sorted(files))
    lines = files[path].split("\n")
    numbered = [index for index, line in enumerate(lines) if any(letter.isdigit() for letter in line)]
    for index in chance.sample(numbered, min(len(numbered), 3)):
        new = str(chance.choice(NUMBERS))
        lines[index] = "".join(new if letter.isdigit() and chance.random() < 0.5 else letter for letter in lines[index])
    files[path] = "\n".join(lines)


def _hostile(files: Files, chance: random.Random) -> None:
    """A sound policy that asks for more than anybody waits for, with a test whose fact it is asked about."""
    condition = yaml.safe_dump(chance.choice(CONDITIONS))
    more = chance.choice(
        ("", "delay: {months: 10000}\n", "steps: [{id: a, repeat: {every: {months: 10000}, times: 100}}]\n")
    )
    indented = condition.replace("\n", "\n    ").rstrip()
    head = "id: hostile\ntitle: 甲\nrate: all\npurpose: notice\nchannel: sms\n"
    files["policies/hostile.yaml"] = f"{head}trigger:\n  events: [hostile.fact]\n  condition:\n    {indented}\n{more}"
    schema = json.dumps(chance.choice(SCHEMAS))
    files["kinds/hostile.yaml"] = f"kinds:\n  - {{event: hostile.fact, title: 甲, schema: {schema}}}\n"
    at, until = (
        chance.choice(("2026-03-06 15:00", "2026-03-06 15:00", "9999-12-31 23:59")),
        chance.choice(("2026-03-09 10:00", "2026-03-09 10:00", "9999-12-31 23:59")),
    )
    fact = f"{{fact: hostile.fact, at: {at}, data: {{text: '{'a' * 40}!', list: {[*range(90)]}}}}}"
    test = f"tests:\n  - name: 甲\n    given: [{fact}]\n    until: {until}\n    expect_not: [{{reason: ignored}}]\n"
    files["tests/0.yaml"] = test  # the first that is run


Change = Callable[[Files, random.Random], None]
CHANGES: tuple[Change, ...] = (
    _structural,
    _structural,
    _structural,
    _textual,
    _textual,
    _deep,
    _foreign,
    _large,
    _numbers,
    _hostile,
)
