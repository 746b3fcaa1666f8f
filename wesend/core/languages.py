"""Languages of the pages and of our own messages: gettext's functions, and whose language is spoken now.

English stands in the code; `wesend/translations/` has the others (docs/translating.md). Whatever speaks English, as every
API, log and command does, reads no catalogue and imports no Babel; a command that needs no Flask imports none for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from flask import Flask

NAMES = {"en": "English", "sw": "Kiswahili"}
"""What can be chosen, by its ISO 639-1 code, under the name that it has for itself."""
DEFAULT = "en"
CHOSEN = "wesend.language"
_spoken: ContextVar[str | None] = ContextVar("language", default=None)


def current() -> str:
    """The language that is spoken now, by its ISO 639-1 code: of ``speaking``, else of the page that is asked for."""
    forced = _spoken.get()
    if forced is not None:
        return forced
    from flask import current_app, has_request_context

    chosen = current_app.extensions.get(CHOSEN) if has_request_context() else None
    return chosen() if chosen is not None else DEFAULT


def known(language: str | None) -> str | None:
    """The code of a language that can be chosen; None for any other."""
    return language if language in NAMES else None


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Inside, texts are in ``language``: for a message to somebody else than whoever asks."""
    before = _spoken.set(known(language) or DEFAULT)
    try:
        yield
    finally:
        _spoken.reset(before)


class Sentence(str):
    """English with values in it, as `sentence` made it, which ``told`` can say in another language."""

    text: str
    values: dict[str, object]
    plural: str | None = None
    """Of a count, which is ``num`` among the values."""


def gettext(text: str, /, **values: object) -> str:
    """``text`` in the language that is spoken now, with ``%(name)s`` filled in by ``values``."""
    language = current()
    if language != DEFAULT:
        from . import catalogues

        text = catalogues.of(language).gettext(text)
    return text % values if values else text


def ngettext(singular: str, plural: str, count: int, /, **values: object) -> str:
    """The same for a count, which is also ``%(num)s``."""
    return unfilled(singular, plural, count) % {"num": count, **values}


def unfilled(singular: str, plural: str, count: int) -> str:
    """The form that fits the count, its placeholders as they stand."""
    language = current()
    if language == DEFAULT:
        return singular if count == 1 else plural
    from . import catalogues

    return catalogues.of(language).ngettext(singular, plural, count)


def marked(text: str) -> str:
    """A constant that is translated where it is shown, by ``told``: this only lets the extraction find it."""
    return text


def sentence(text: str, /, **values: object) -> Sentence:
    """English, for whoever reads it as it is (an API, a log, a command); a page shows it by ``told``."""
    made = Sentence(text % values if values else text)
    made.text, made.values = text, values
    return made


def counted(singular: str, plural: str, count: int, /, **values: object) -> Sentence:
    """The same for a count, which is also ``%(num)s``."""
    made = Sentence((singular if count == 1 else plural) % {"num": count, **values})
    made.text, made.plural, made.values = singular, plural, {"num": count, **values}
    return made


def joined(separator: str, parts: Sequence[str]) -> Sentence:
    """Parts beside each other: sentences are told, what else stands there (names, versions, paths) is no language's."""
    return sentence(separator.join(f"%(part{n})s" for n in range(len(parts))), **{f"part{n}": part for n, part in enumerate(parts)})


def verbatim(said: str) -> Sentence:
    """What is no language's, where a sentence is expected."""
    return joined("", [said])


def said_by(error: Exception) -> Sentence:
    """The sentence of an error, to be told later."""
    said = error.args[0] if error.args else str(error)
    return said if isinstance(said, Sentence) else sentence(str(said))


def told(text: object) -> str:
    """A marked constant, or what a domain says in English, in the language that is spoken now."""
    if isinstance(text, Exception):
        text = text.args[0] if text.args else str(text)
    if isinstance(text, Sentence):
        values = {name: _said(value) for name, value in text.values.items()}
        if text.plural is None:
            return gettext(text.text, **values)
        return unfilled(text.text, text.plural, cast(int, values["num"])) % values
    return gettext(str(text)) if text else ""


def _said(value: object) -> object:
    """Of what stands in a sentence, another one is translated too; a name that somebody gave is not."""
    return told(value) if isinstance(value, Sentence | Exception) else value


def init_app(app: Flask, *, chosen: Callable[[], str]) -> None:
    """``chosen``: the language of whoever asks, within a request."""
    from . import catalogues

    app.extensions[CHOSEN] = chosen
    catalogues.init_app(app, current, DEFAULT)
    app.jinja_env.globals.update(language=current, languages=NAMES)
