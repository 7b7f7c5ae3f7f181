"""HTML that senders put into text fields: rich-text editors of ERP systems store nothing else.

Tags are taken out by linear expressions, not by a parser: building the tree of 200,000 nested elements takes minutes.
"""

import html

import re2

_BLOCKS = (
    "address|blockquote|br|center|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|ol|p|pre|section|table|tbody|tfoot|"
    "thead|tr|ul"
)
_OTHERS = (
    "a|abbr|b|body|code|del|em|font|head|html|i|img|input|ins|label|link|meta|o:p|s|script|small|span|strike|strong|style|"
    "sub|sup|td|th|title|u"
)
_REST = r"""(?:[\s/](?:"[^"<>]*"|'[^'<>]*'|[^<>])*)?>"""  # attributes, up to the end of the tag
_UNREAD = re2.compile(
    r"(?is)<!--.*?-->|<!doctype[^<>]*>|<(?:script|style|head|title)(?:\s[^<>]*)?>.*?</(?:script|style|head|title)\s*>"
)
_BLOCK = re2.compile(rf"(?i)</?(?:{_BLOCKS}){_REST}")
_CELL = re2.compile(rf"(?i)</?(?:td|th){_REST}")
_OTHER = re2.compile(rf"(?i)</?(?:{_OTHERS}){_REST}")
_ENTITY = re2.compile(r"(?i)&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-f]{1,5});")


_LONGEST = 20_000  # no field takes a longer text


def plain_text(text: str) -> str:
    """The text a person would read, a line per block; what has neither tags nor entities stays as it is (`3<5`, `<无>`)."""
    if len(text) > _LONGEST:
        return text
    if "<" in text:
        bare = _OTHER.sub("", _CELL.sub(" ", _BLOCK.sub("\n", _UNREAD.sub("", text))))
        if bare != text:
            return _without_blanks(_unescaped(bare))
    return _unescaped(text).strip() if "&" in text and _ENTITY.search(text) else text


def _unescaped(text: str) -> str:
    """Character references may name what no text can hold; Python gives U+FFFD for these."""
    return html.unescape(text).replace("\xa0", " ")


def _without_blanks(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
