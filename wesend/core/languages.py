"""Languages of the pages and of our own messages: gettext's functions, and whose language is spoken now.

English stands in the code; `wesend/translations/` has the others. Flask-Babel is imported when a text is asked for:
commands that show no page start without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

NAMES = {"en": "English"}
"""What can be chosen, by its ISO 639-1 code, under the name that it has for itself."""
DEFAULT = "en"
FOLDER = Path(__file__).parent.parent / "translations"


def gettext(text: str, **values: object) -> str:
    """``text`` in the language that is spoken now, with ``%(name)s`` filled in by ``values``."""
    import flask_babel

    return flask_babel.gettext(text, **values)


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """The same for a count, which is also ``%(num)s``."""
    import flask_babel

    return flask_babel.ngettext(singular, plural, count, **values)


def marked(text: str) -> str:
    """A constant that is translated where it is shown, by ``gettext``: this only lets the extraction find it."""
    return text


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Inside, texts are in ``language``: for a message to somebody else than whoever asks."""
    import flask_babel

    with flask_babel.force_locale(language if language in NAMES else DEFAULT):
        yield


def current() -> str:
    """The language that is spoken now, by its ISO 639-1 code."""
    import flask_babel

    return getattr(flask_babel.get_locale(), "language", DEFAULT)


def init_app(app: Flask, *, chosen: Callable[[], str]) -> None:
    """``chosen``: the language of whoever asks, within a request."""
    import flask_babel

    flask_babel.Babel(app, default_locale=DEFAULT, default_translation_directories=str(FOLDER), locale_selector=chosen)
    app.jinja_env.globals["language"] = current
