"""Characters that mislead whoever reads a text: such as can't be seen, and full-width forms of what is written in ASCII."""

import re

NAMES = {
    "\u200b": "零宽空格",
    "\u2060": "零宽连接符",
    "\ufeff": "字节顺序标记",
    "\u00ad": "软连字符",
    "\u2028": "行分隔符",
    "\u2029": "段分隔符",
}
DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSEEN = re.compile(
    rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{DIRECTIONS}{''.join(NAMES)}\ufff9-\ufffb\U000e0000-\U000e007f]"
)
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord(wide): half
    for wide, half in {"\u3000": " ", "“": '"', "”": '"', "‘": "'", "’": "'", "、": ",", "。": "."}.items()
}


def unseen(text: str) -> str:
    """What the first character that can't be seen is, and its code; "" when there is none. Tabs and line ends are fine."""
    found = UNSEEN.search(text)
    if found is None:
        return ""
    letter = found[0]
    name = NAMES.get(letter) or ("方向控制字符" if re.match(f"[{DIRECTIONS}]", letter) else "控制字符")
    return f"{name} U+{ord(letter):04X}"


def half_width(text: str) -> str:
    """The text with full-width letters, digits and punctuation as they are typed without an input method."""
    return text.translate(HALF_WIDTH)
