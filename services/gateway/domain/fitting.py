"""Texts of ours made of senders' texts, where there is only so much room."""

import hashlib

_DIGEST = 16


def fitted(text: str, most: int) -> str:
    """The text, in at most `most` letters: of a longer one its beginning and a digest of all of it, so that no two texts
    become one.
    """
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{text[: most - _DIGEST - 1]}~{digest}"
