"""Sessions are for people's pages: a call of an API has none, and does not pay for looking for one.

The cookie of a page holds what is of no use elsewhere (form tokens, notices, the account an operator looks at) and the
name of a session that lives on the server (`accounts.sessions`): that one decides who is signed in, and until when.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from ..core import clock
from ..dialects.dialect import dialect_of

ENDS_AT = "ends_at"
"""When the browser may forget the cookie, for a session that outlives the browser's closing."""
LONGEST = timedelta(days=30)
"""No cookie is read that was written longer ago."""


class PageSessions(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if dialect_of(app, request.path) is not None:
            return self.make_null_session(app)
        return super().open_session(app, request)

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        ends_at = session.get(ENDS_AT)
        return clock.to_datetime(ends_at) if isinstance(ends_at, int) else None

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Only a change is sent: looking at pages makes no cookie last longer."""
        return session.modified


def init_app(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = LONGEST
    app.session_interface = PageSessions()
