"""The translations themselves, read from their .po file when somebody first speaks the language: there is nothing to
build, and what runs can't be another text than what was written. 2,200 texts take 30 ms, once a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import flask_babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask

FOLDER = Path(__file__).parent.parent / "translations"


def path_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@lru_cache(maxsize=16)
def of(language: str) -> NullTranslations:
    """Of English there is none: its texts stand for themselves."""
    path = path_of(language)
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


class Catalogues(flask_babel.Domain):
    """Flask-Babel's own reads compiled files alone."""

    def __init__(self, current: Callable[[], str]):
        super().__init__(str(FOLDER))
        self.current = current

    def get_translations(self) -> NullTranslations:
        return of(self.current())


def init_app(app: Flask, current: Callable[[], str], default: str) -> None:
    babel = flask_babel.Babel(app, default_locale=default, locale_selector=current)
    babel.domain_instance = Catalogues(current)
