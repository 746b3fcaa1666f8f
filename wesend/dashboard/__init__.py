"""The dashboard: server-rendered pages for people, at the root of the address."""

from __future__ import annotations

from flask import Flask

from ..core import languages
from . import audit_words, detail_words, filters, frame, ledger_words, opt_out_words, sessions
from .frame import show_elsewhere, show_unstorable
from .pages import PAGES

for page in PAGES:
    frame.blueprint.register_blueprint(page)


def init_app(app: Flask) -> None:
    sessions.init_app(app)
    filters.init_app(app)
    app.jinja_env.globals.update(
        entry_words=ledger_words.entry_words,
        action_words=audit_words.action_words,
        detail_words=detail_words.detail_words,
        actor_words=detail_words.actor_words,
        source_words=opt_out_words.source_words,
    )
    languages.init_app(app, chosen=sessions.language)
    app.register_blueprint(frame.blueprint)


__all__ = ["init_app", "show_elsewhere", "show_unstorable"]
