"""One way to write what people write in many: full-width and other digits, dashes, blanks, brackets, invisible marks."""

import re
import unicodedata

_DASHES = "‐‑‒–—―−－﹣ー"
_INVISIBLE = (
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_MARKS = {"＋": "+", "（": "(", "）": ")", "［": "[", "］": "]", "【": "[", "】": "]", "〔": "[", "〕": "]", "．": ".",
          "·": ".", "＊": "*", "•": "*", "●": "*", "＃": "#", "Ｘ": "X", "ｘ": "x", "＿": "_", "？": "?", "：": ":", "；": ";",
          "，": ",", "＝": "=", "／": "/", "＠": "@"}  # fmt: skip
_BLANKS = [chr(code) for code in range(128, 0x3100) if unicodedata.category(chr(code)) == "Zs"]
_TABLE = str.maketrans(
    {chr(code): str(unicodedata.digit(chr(code))) for code in range(128, 0x20000) if chr(code).isdecimal()}
    | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys([*_BLANKS, *_INVISIBLE], " ")
    | _MARKS
)
# what may stand between the digits of one number, as it may be written; in plain text there are only these few
BETWEEN = r"\s\-.()\[\]" + "".join(re.escape(chr(mark)) for mark, as_ in _TABLE.items() if as_ in "-. ()[]")
# what may stand between two groups of digits of one number, in plain text; a bracket that opens there closes behind the second
# group: `138(0000)9718`, but `13800009718(9点后)`
GAP = r"(?:[\s\-.)\]]{1,4}+(?=\d)|[\s\-.()\[\]]{1,4}+(?=\d++[)\]]))"
_GAP = re.compile(GAP, re.ASCII)


def plain(text: str) -> str:
    """The text with ASCII digits and marks; every character stays at its place."""
    return text if text.isascii() else text.translate(_TABLE)


def joins(text: str, end: int, start: int) -> bool:
    """Whether a group of digits that ends at `end` and the next one, from `start` on, may be of one number, in plain text."""
    gap = _GAP.match(text, end)
    return gap is not None and gap.end() == start
