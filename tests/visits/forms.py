"""What a page says, and what a browser would send of the form on it."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
OPEN_ENDED = {"option"}  # its end need not be written


class Shown(HTMLParser):
    """A page as it came. `fields` are those of its form as filled in; `text(name)` is what stands in an element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._open: list[tuple[str, set[str]]] = []
        self._texts: dict[str, list[str]] = {"": []}
        self._choice = ""
        self.feed(page)

    def text(self, name: str = "") -> str:
        """The words inside the element of this id or aria-label, of the whole page without one; "" where there is none."""
        return " ".join(" ".join(self._texts.get(name, ())).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag not in VOID | OPEN_ENDED:
            self._open.append((tag, {told[name] for name in ("id", "aria-label") if told.get(name)}))
        if tag == "input" and "name" in told and (told.get("type") != "checkbox" or "checked" in told):
            self.fields[told["name"]] = told.get("value", "on" if told.get("type") == "checkbox" else "")
        elif tag == "select":
            self._choice = told.get("name", "")
        elif tag == "option" and self._choice and (self._choice not in self.fields or "selected" in told):
            self.fields[self._choice] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._choice = "" if tag == "select" else self._choice
        while tag not in VOID | OPEN_ENDED and self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for name in {"", *(name for _, names in self._open for name in names)}:
            self._texts.setdefault(name, []).append(data)
