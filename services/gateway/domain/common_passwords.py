"""Passwords that are tried first by whoever guesses: those most often found in published leaks, and their variations."""

_WORDS = """
password passwort passw0rd p@ssword p@ssw0rd pass admin administrator root user guest test demo welcome letmein
login master superman batman dragon monkey football baseball sunshine princess shadow iloveyou woaini woaini1314
aini wodemima mima nihao zhongguo beijing shanghai china huifang kefu dianhua ranqi gas service hotline changeme
default secret trustno1 abc abcd abcdef qwer qwert qwerty qwertyui qwertyuiop asdf asdfgh asdfghjkl zxcv zxcvbnm
qazwsx qazwsxedc q1w2e3r4 q1w2e3r4t5 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc abc123 a1b2c3 a123456 aa123456 回访 密码
管理员
"""
WORDS = frozenset(_WORDS.split())
RUNS = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "!@#$%^&*()",
)
_AROUND = "0123456789!@#$%^&*()_+-=.,?~ "


def is_common(password: str) -> bool:
    """Whether a guesser comes to it soon: a known word or a run of keys with figures and signs around it, or one repeated."""
    said = password.lower()
    core = said.strip(_AROUND)
    return (
        not core or {said, core} & WORDS != frozenset() or _is_key_row(said) or _is_key_row(core) or _is_repeated(said)
    )


def _is_key_row(text: str) -> bool:
    return any(text in run for run in RUNS)


def _is_repeated(text: str) -> bool:
    """Whether one short part makes all of it: `abc123abc123`."""
    return any(
        len(text) % size == 0 and text == text[:size] * (len(text) // size) for size in range(1, 7) if size < len(text)
    )
