"""HTML as people write it into e-mails: told from plain text, its links led elsewhere, its words read.

One pass that looks at each character a fixed number of times: a mail has up to 1 MB and its writer may be hostile.
(The standard library's parser needs minutes for 100 KB of `<a <a <a`; and an expression for links sees them in
`title=`, `data-href=` and comments.)
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from html.entities import html5
from typing import NamedTuple
from urllib.parse import urlsplit

ELEMENTS = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|code|del|div|dl|em|figure|font|footer"
    "|form|h[1-6]|head|header|hr|html|i|img|ins|kbd|li|main|mark|nav|ol|p|pre|s|section|small|span|strike|strong|style"
    "|sub|sup|table|tbody|td|th|thead|title|tr|tt|u|ul"
)
# Right behind the `<`, and ended: "a < b and c > d" and "Bob <b@example.com>" are plain text.
LOOKS_LIKE_HTML = re.compile(rf"<(?:!doctype|/?(?:{ELEMENTS}))(?:[\s/][^<>]*)?>", re.IGNORECASE)

TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
SPACES = re.compile(r"[\s/]*")
NAME = re.compile(r"[^\s/>][^\s/>=]*")
EQUALS = re.compile(r"\s*=\s*")
VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*")
RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("style", "script", "title", "textarea")}
"""Elements whose content is no markup → what ends them."""

BREAKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "br",
        "div",
        "dl",
        "dt",
        "dd",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
CELLS = frozenset({"td", "th"})
CHARACTER = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*(?:;|(?![=A-Za-z0-9])))")
HOST = re.compile(r"[^\s\x00-\x20\x7f\"<>\\^`{|}%]+")
TEXT, OPENING, CLOSING = "text", "opening", "closing"


class Token(NamedTuple):
    """A piece of markup from ``at`` to ``end``; ``name`` of a tag in lower case, ``href`` where its value stands."""

    kind: str
    at: int
    end: int
    name: str = ""
    href: tuple[int, int] | None = None


def looks_like_html(text: str) -> bool:
    return LOOKS_LIKE_HTML.search(text) is not None


def tokens(markup: str) -> Iterator[Token]:
    """Texts and tags in order; comments, declarations, scripts and styles are passed over.

    A tag that never ends is text, with all that follows it.
    """
    at = 0
    while at < len(markup):
        opening = markup.find("<", at)
        if opening != at:
            end = len(markup) if opening < 0 else opening
            yield Token(TEXT, at, end)
            at = end
            continue
        found = TAG.match(markup, at)
        if found is None:
            end = _no_tag(markup, at)
            if end == at + 1:
                yield Token(TEXT, at, end)
            at = end
            continue
        ended = _attributes(markup, found.end())
        if ended is None:
            yield Token(TEXT, at, len(markup))
            return
        href, end = ended
        name = found[2].lower()
        yield Token(CLOSING if found[1] else OPENING, at, end, name, href)
        at = _behind_raw(markup, end, name) if not found[1] and name in RAW else end


def _no_tag(markup: str, at: int) -> int:
    """The end of the comment or declaration at ``at``; the next place where it is a mere `<`."""
    if markup.startswith("<!--", at):
        end = markup.find("-->", at + 4)
        return len(markup) if end < 0 else end + 3
    if markup.startswith(("<!", "<?", "</"), at):
        end = markup.find(">", at)
        return len(markup) if end < 0 else end + 1
    return at + 1


def _attributes(markup: str, at: int) -> tuple[tuple[int, int] | None, int] | None:
    """Where the first href's value stands and where the tag ends; None when it never does."""
    href = None
    while True:
        at = SPACES.match(markup, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at == len(markup):
            return None
        if markup[at] == ">":
            return href, at + 1
        name = NAME.match(markup, at)
        assert name is not None
        at = name.end()
        equals = EQUALS.match(markup, at)
        if equals is None:
            continue
        value = VALUE.match(markup, equals.end())
        if value is None:
            if markup.startswith(("'", '"'), equals.end()):
                return None  # a quotation that is never closed
            at = equals.end()
            continue
        at = value.end()
        if href is None and name[0].lower() == "href":
            href = value.span()


def _behind_raw(markup: str, at: int, name: str) -> int:
    ended = RAW[name].search(markup, at)
    return len(markup) if ended is None else ended.start()


# -- links --------------------------------------------------------------------


def _links(markup: str) -> Iterator[tuple[Token, str]]:
    """Each link that can be followed over http or https, with its target."""
    for token in tokens(markup):
        if token.kind == OPENING and token.name in ("a", "area") and token.href:
            target = target_of(markup[slice(*token.href)])
            if target is not None:
                yield token, target


def target_of(value: str) -> str | None:
    """Where an attribute's value leads, read as browsers do; None when that is no http address."""
    if value[:1] in ("'", '"'):
        value = value[1:-1]
    target = re.sub(r"[\t\r\n]", "", CHARACTER.sub(_character, value).strip())
    if not target.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(target)
        usable = HOST.fullmatch(parts.hostname or "") is not None and (parts.port is None or parts.port >= 0)
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return target if usable else None


def _character(found: re.Match) -> str:
    """A reference in an attribute: `&region=UG` is no `&reg;` there, though it would be one in a text."""
    return html.unescape(found[0]) if found[1].startswith("#") or found[1] in html5 else found[0]


def links(markup: str) -> list[str]:
    """The targets of the links, in order."""
    return [target for _, target in _links(markup)]


def link_spans(markup: str) -> Iterator[tuple[int, int]]:
    """Where the values of all links' addresses stand, in order, with their quotes; wherever they lead."""
    return (token.href for token in tokens(markup) if token.kind == OPENING and token.name in ("a", "area") and token.href)


def link_values(markup: str) -> Iterator[str]:
    """These values as they stand."""
    return (markup[slice(*span)] for span in link_spans(markup))


def lead_links(markup: str, address: Callable[[int], str], last: str = "") -> str:
    """The markup with its links replaced by ``address(number)``, and ``last`` before the end of its body."""
    parts, at = [], 0
    for number, (token, _) in enumerate(_links(markup)):
        assert token.href is not None
        parts += [markup[at : token.href[0]], f'"{html.escape(address(number))}"']
        at = token.href[1]
    ends = [token.at for token in tokens(markup) if token.kind == CLOSING and token.name == "body" and token.at >= at]
    body_end = ends[-1] if ends else len(markup)
    return "".join([*parts, markup[at:body_end], last, markup[body_end:]])


# -- words --------------------------------------------------------------------


def text_of(markup: str) -> str:
    """What the markup says, for those who read text; ends with a newline."""
    parts: list[str] = []
    target: str | None = None
    for token in tokens(markup):
        if token.kind == TEXT:
            parts.append(re.sub(r"\s+", " ", html.unescape(markup[token.at : token.end])))
        elif token.name == "a":
            if token.kind == CLOSING and target:
                parts.append(f" ({target})")
            target = target_of(markup[slice(*token.href)]) if token.kind == OPENING and token.href else None
        elif token.name in BREAKS:
            parts.append("\n- " if token.kind == OPENING and token.name == "li" else "\n")
        elif token.name in CELLS:
            parts.append(" ")
    lines = [re.sub(" {2,}", " ", line).strip() for line in "".join(parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
