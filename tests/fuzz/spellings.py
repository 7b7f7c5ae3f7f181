"""Numbers of nobody, written in all the ways people write them. Everything comes from the random numbers handed in."""

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

BLANKS = (" ", "  ", "\u3000", "\u00a0", "\u2009", "\t")
DASHES = ("-", "－", "–", "‑", "—", " - ")
DOTS = (".",)
INVISIBLE = ("\u200b", "\u2060", "\u202d")
PARTS = ((3, 4, 4), (3, 8), (7, 4), (5, 6), (6, 5), (4, 3, 4), (4, 4, 3), (3, 3, 5))
AREAS = ("0571", "010", "021", "028", "0755", "0512")
# of the same number; "{}" is the number as written
AROUND = (
    "{}", " {} ", "{}（妻子）", "{}(本人)", "妻子：{}", "电话{}", "手机:{}", "tel:{}", "{}（9点后）", "\u202d{}\u202c",
    "{}\n", "ＴＥＬ：{}",
)  # fmt: skip
PROSE = (
    "请回电{}谢谢", "call {} first", "{}", "电话:{},备注无", '{{"phone": "{}"}}', "联系人陈静{}住锦园路18号", "（{}）",
    "tel={}&x=1", "\\n{}\\n", "客户\\u8bd7{}", "**{}**", "{}，已接通", "SO-20260302-0017 {}",
    "2026-03-02 来电 {}", "邮箱：{}@139.com",
)  # fmt: skip


@dataclass(frozen=True)
class Spelling:
    """A number in one form, and how somebody wrote it."""

    number: str
    written: str

    @property
    def needle(self) -> str:
        """The digits that nobody may find."""
        main = self.number.partition(";")[0]
        return main.removeprefix("+86") if main.startswith("+") else main


def wide(text: str) -> str:
    return text.translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in string.digits})


def parted(digits: str, parts: tuple[int, ...], mark: str) -> str:
    ends = [sum(parts[: at + 1]) for at in range(len(parts))]
    return mark.join(digits[end - part : end] for part, end in zip(parts, ends, strict=True))


def mobile(random: Random) -> Spelling:
    digits = f"1{random.choice('3456789')}{random.randrange(10**9):09d}"
    form = random.randrange(6)
    if form == 0:
        written = digits
    elif form == 1:
        written = parted(digits, random.choice(PARTS), random.choice((*BLANKS, *DASHES, *INVISIBLE)))
    elif form == 2:
        written = parted(digits, (3, 4, 4), random.choice(DOTS))
    elif form == 3:
        written = random.choice(("({}){}-{}", "（{}）{} {}", "{}({}){}", "[{}]{}{}", "{}（{}）{}")).format(
            digits[:3], digits[3:7], digits[7:]
        )
    else:
        mark = random.choice(("", *BLANKS[:1], *DASHES[:1]))
        country = random.choice(("+86", "86", "0086", "+86 ", "(+86)", "＋86-", "86-", "0086 ", "（+86）"))
        written = country + parted(digits, random.choice(PARTS[:1]), mark)
    return _maybe_wide(random, Spelling("+86" + digits, written))


def landline(random: Random) -> Spelling:
    area = random.choice(AREAS)
    local = f"{random.choice('68')}{random.choice('23456789')}{random.randrange(10**6):06d}"
    first, last = local[:4], local[4:]
    forms: list[Callable[[], str]] = [
        lambda: f"{area}-{local}",
        lambda: f"({area}){local}",
        lambda: f"（{area}）{first} {last}",
        lambda: f"{area} {local}",
        lambda: f"{area} {first} {last}",
        lambda: f"{area}-{first}-{last}",
        lambda: f"+86 {area[1:]} {first} {last}",
        lambda: f"+86-{area[1:]}-{local}",
        lambda: f"+86{area[1:]}{local}",
        lambda: f"0086 {area[1:]} {local}",
        lambda: f"+86 (0){area[1:]} {local}",
        lambda: f"({area}) - {local}",
        lambda: f"{area}－{local}",
    ]
    return _maybe_wide(random, Spelling(f"+86{area[1:]}{local}", random.choice(forms)()))


def extended(random: Random) -> Spelling:
    main, extension = landline(random), str(random.randrange(1, 10**4))
    mark = random.choice(("转", " 转 ", "分机", "ext.", " ext ", "x", "#", "转分机"))
    return Spelling(f"{main.number};ext={extension}", f"{main.written}{mark}{extension}")


def foreign(random: Random) -> Spelling:
    digits = f"6{random.randrange(10**7):07d}"
    return Spelling(
        f"+852{digits}", random.choice((f"+852 {digits[:4]} {digits[4:]}", f"+852{digits}", f"+852-{digits}"))
    )


def identity(random: Random) -> Spelling:
    area = random.choice(("330106", "110101", "510108", "440305"))
    born = f"{random.randrange(1940, 2019)}{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    rest = f"{random.randrange(1000):03d}{random.choice('0123456789X')}"
    digits = area + born + rest
    marks = (*BLANKS[:1], *DASHES[:3], "\u3000")
    written = digits if random.random() < 0.4 else random.choice(marks).join((area, born, rest))
    return _maybe_wide(random, Spelling(digits, written))


def old_identity(random: Random) -> Spelling:
    born = f"{random.randrange(40, 99)}{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    digits = f"330106{born}{random.randrange(1000):03d}"
    return Spelling(digits, digits if random.random() < 0.5 else parted(digits, (6, 6, 3), random.choice((" ", "-"))))


def _maybe_wide(random: Random, spelling: Spelling) -> Spelling:
    return Spelling(spelling.number, wide(spelling.written)) if random.random() < 0.1 else spelling


def precise(random: Random) -> str:
    """What looks like a number and is none: document numbers, measures, dates, amounts, ids."""
    day = f"2026{random.randrange(1, 13):02d}{random.randrange(1, 29):02d}"
    serial = random.randrange(10**6)
    hexes = f"{random.getrandbits(128):032x}"
    forms: list[Callable[[], str]] = [
        lambda: f"SO{day}-{serial:05d}",
        lambda: f"WX{day}{serial:06d}",
        lambda: f"330106{day}{serial:07d}",
        lambda: f"510100{day}{serial:06d}",
        lambda: f"CB-{day}-{serial:04d}",
        lambda: f"{random.randrange(100, 200)}-{day}",
        lambda: f"{day[:4]}-{day[4:6]}-{day[6:]}T10:{serial % 60:02d}:00+08:00",
        lambda: f"{day[:4]}-{day[4:6]}-{day[6:]} 10:{serial % 60:02d}:00 至 12:00:00",
        lambda: f"长{random.randrange(1300, 1999)}-{random.randrange(300, 999)}-{random.randrange(100, 999)}mm",
        lambda: f"{random.randrange(10**9)}.{serial % 100:02d}元",
        lambda: f"1{random.randrange(3000, 9999)}-{random.randrange(100000, 999999)}元",
        lambda: f"{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}",
        lambda: f"00-{hexes}-{hexes[:16]}-01",
        lambda: f"1{random.randrange(20, 36)}.{random.randrange(10**8):08d},{random.randrange(20, 50)}.{serial:06d}",
        lambda: f"SN{random.randrange(10**10):010d}",
        lambda: f"{random.randrange(10**9):010d}",
        lambda: f"192.168.{serial % 256}.{serial % 251}",
        lambda: f"V{serial % 10}.{serial % 7}.{day}",
        lambda: f"压力{random.randrange(1, 9)}.{serial} MPa，流量{serial} m³/h",
        lambda: f"房号{random.randrange(1, 30)}-{random.randrange(1, 4)}-{random.randrange(101, 3302)}",
        lambda: f"金额 {random.randrange(1, 999)},{serial % 1000:03d},{serial % 997:03d}.00",
        lambda: f"{1_700_000_000_000 + serial}",
        lambda: f"表底 {random.randrange(10**5)} 至 {random.randrange(10**5)}",
    ]
    return random.choice(forms)()
