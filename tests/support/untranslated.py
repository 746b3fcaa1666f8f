"""What a page says that is in no catalogue: with every translation between ⟦ and ⟧, the words outside of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations
from html.parser import HTMLParser

from .. import translations

OPEN, CLOSE = "⟦", "⟧"
ATTRIBUTES = ("title", "placeholder", "aria-label", "alt", "data-confirm", "data-unicode", "data-wide")
SILENT = ("script", "style", "code", "pre", "time", "textarea", "template")
"""Elements whose text is no language's: of machines, or what somebody typed; also those that say they are in English."""
VOID = ("area", "br", "col", "hr", "img", "input", "link", "meta", "rect", "line", "path", "circle", "polyline", "polygon")
WORD = re.compile(r"[^\W\d_]{2,}")
UUID = re.compile(r"\w*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Some have parts of nothing but letters."""


class Marked(NullTranslations):
    """Every text that is in the catalogues with marks around it."""

    def __init__(self) -> None:
        super().__init__()
        self.known = _known()

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}" if message in self.known else message

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.gettext(singular if n == 1 else plural)

    ugettext, ungettext = gettext, ngettext


@cache
def _known() -> frozenset[str]:
    """Each form of every text of the source."""
    ids = (message.id for message in translations.extracted() if message.id)
    return frozenset(form for one in ids for form in (one if isinstance(one, tuple) else (one,)))


class _Page(HTMLParser):
    """Texts and attributes outside of all marks; marks open in one element may close in another."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.silent = 0, 0
        self.stack: list[bool] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ATTRIBUTES:
            if not self.silent:
                self.found += outside(given.get(name, ""))
        if tag in VOID:
            return
        is_silent = (
            tag in SILENT or given.get("dir") == "auto" or given.get("lang") == "en" or "mono" in given.get("class", "").split()
        )
        self.stack.append(is_silent)
        self.silent += is_silent

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # a shape of a drawing

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.stack:
            self.silent -= self.stack.pop()

    def handle_data(self, data: str) -> None:
        for part in re.split(f"([{OPEN}{CLOSE}])", data):
            if part == OPEN:
                self.depth += 1
            elif part == CLOSE:
                self.depth -= 1
            elif not self.depth and not self.silent and part.strip():
                self.found.append(" ".join(part.split()))


def outside(text: str) -> list[str]:
    """What of a text stands outside of marks."""
    depth, found = 0, []
    for part in re.split(f"([{OPEN}{CLOSE}])", text):
        if part in (OPEN, CLOSE):
            depth += 1 if part == OPEN else -1
        elif not depth and part.strip():
            found.append(part.strip())
    return found


def untranslated(html: str, names: frozenset[str]) -> Iterator[str]:
    """What has words that are none of ``names``; capitals alone are codes, of currencies or of carriers."""
    page = _Page()
    page.feed(html)
    assert page.depth == 0, "a mark is not closed"
    for text in page.found:
        if any(not (word in names or word.isupper()) for word in WORD.findall(_without(text, names))):
            yield text


def _without(text: str, names: frozenset[str]) -> str:
    """Names of several words, addresses and ids taken out."""
    for name in sorted((name for name in names if not WORD.fullmatch(name)), key=len, reverse=True):
        text = text.replace(name, " ")
    text = UUID.sub(" ", text)
    return re.sub(r"\S*[@/=]\S*|\b(?=\w*\d)\w+\b|\b\w+_\w+\b|\S+\.\S+", " ", text)
