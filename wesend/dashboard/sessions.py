"""Who is signed in: flask-login's session, and flask-wtf's CSRF token for the dashboard's own forms.

Neither looks at a request of the APIs: flask-login's own hook would read the session on each of them (and make every
answer vary by cookie), and CSRF is checked by the dashboard's blueprint alone.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect

from ..accounts import sign_in
from ..accounts.roles import User

csrf = CSRFProtect()
manager = LoginManager()
manager.login_view = "dashboard.sign_in.ask"
manager.login_message = ""
manager.session_protection = None
IDLE = timedelta(hours=12)


class SignedIn(UserMixin):
    """flask-login's view of a user; the id carries a mark of the password, so that a new one ends old sessions."""

    def __init__(self, user: User):
        self.user = user

    def get_id(self) -> str:
        return f"{self.user.id}.{sign_in.session_mark(self.user)}"


@manager.user_loader
def _load(session_id: str) -> SignedIn | None:
    user_id, _, mark = session_id.partition(".")
    user = sign_in.user_of_session(int(user_id), mark) if user_id.isdigit() else None
    return SignedIn(user) if user else None


def is_signed_in() -> bool:
    return current_user.is_authenticated


def actor() -> User:
    """Who acts in this request: what services ask the rights of."""
    return current_user.user


def open_session(user: User) -> None:
    """Sign in; nothing of the session before is kept."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(user))


def close_session() -> None:
    logout_user()
    session.clear()


def init_app(app: Flask) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="wesend_session", SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=app.config["WESEND"].base_url.startswith("https://"), PERMANENT_SESSION_LIFETIME=IDLE,
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    csrf.init_app(app)
    app.login_manager = manager  # type: ignore[attr-defined] # not init_app: see above
