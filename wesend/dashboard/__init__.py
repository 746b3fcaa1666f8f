"""The dashboard: server-rendered pages for people, at the root of the address."""

from __future__ import annotations

from flask import Flask

from ..core import languages
from . import filters, frame, sessions
from .frame import show_elsewhere, show_unstorable
from .pages import PAGES

for page in PAGES:
    frame.blueprint.register_blueprint(page)


def init_app(app: Flask) -> None:
    sessions.init_app(app)
    filters.init_app(app)
    languages.init_app(app, chosen=sessions.language)
    app.register_blueprint(frame.blueprint)


__all__ = ["init_app", "show_elsewhere", "show_unstorable"]
