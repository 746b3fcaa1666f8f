"""Who is signed in: a session on the server (`accounts.sessions`), which flask-login finds by the name in the cookie, and
flask-wtf's CSRF token for the dashboard's own forms.

Neither looks at a request of the APIs: flask-login's own hook would read the session on each of them (and make every
answer vary by cookie), and CSRF is checked by the dashboard's blueprint alone.
"""

from __future__ import annotations

from flask import Flask, Response, after_this_request, current_app, g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect

from ..accounts import devices, sessions, sign_in
from ..accounts.roles import User
from ..core import clock, languages
from ..core.client_addresses import client_address
from .errors import shows_pages

csrf = CSRFProtect()
manager = LoginManager()
manager.login_view = "dashboard.sign_in.ask"
manager.login_message = ""
manager.session_protection = None
ENDS_AT = "ends_at"
"""Read by `api_sessions`: until when the browser keeps the cookie of a session that is to be remembered."""


CONFIRMED_AT = "confirmed_at"
"""When the password was given last in this session, in milliseconds."""
CONFIRMED_FOR_MS = 10 * clock.MINUTE
DEVICE_COOKIE, DEVICE_DAYS = "wesend_device", 400


class SignedIn(UserMixin):
    """flask-login's view of a user; the id is the token of the session."""

    def __init__(self, user: User, token: str, *, is_remembered: bool):
        self.user, self.token, self.is_remembered = user._replace(address=client_address()), token, is_remembered

    def get_id(self) -> str:
        return self.token


@manager.user_loader
def _load(token: str) -> SignedIn | None:
    found = sessions.find(token)
    if found is None:
        return None
    sessions.see(found, client_address())
    return SignedIn(found.user, token, is_remembered=found.is_remembered)


def is_signed_in() -> bool:
    return current_user.is_authenticated


def actor() -> User:
    """Who acts in this request: what services ask the rights of."""
    return current_user.user


def is_remembered() -> bool:
    """Whether the present session is one that outlives the browser's closing."""
    return is_signed_in() and current_user.is_remembered


def open_session(user: User, *, is_remembered: bool = False, is_sign_in: bool = True) -> None:
    """Under a new name; nothing of the session before is kept, not on the server either.

    ``is_sign_in``: somebody came, and did not only get another session.
    """
    before = session.get("_user_id")
    if isinstance(before, str):
        sessions.end(before)
    user_agent = request.headers.get("User-Agent", "")
    token, ends_at = sessions.begin(user, address=client_address(), is_remembered=is_remembered, user_agent=user_agent)
    if is_sign_in:
        known_by = request.cookies.get(DEVICE_COOKIE, "")
        _keep_device(devices.signed_in(user, known_by, address=client_address(), user_agent=user_agent))
    session.clear()
    session[CONFIRMED_AT] = clock.now_ms()
    if is_remembered:
        session[ENDS_AT] = ends_at
    login_user(SignedIn(user, token, is_remembered=is_remembered))


def _keep_device(token: str) -> None:
    """So that no mail is sent when somebody signs in here again; signed out, it stays."""

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            DEVICE_COOKIE,
            token,
            max_age=DEVICE_DAYS * 24 * 3600,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def present_token() -> str:
    """What stands for the session that asks."""
    return current_user.token


def is_confirmed() -> bool:
    """Whether the password was given in this session a moment ago: asked for before a change of how one signs in."""
    at = session.get(CONFIRMED_AT)
    return isinstance(at, int) and 0 <= clock.now_ms() - at < CONFIRMED_FOR_MS


def confirm(password: str) -> None:
    """InvalidCredentials, RateLimited."""
    sign_in.confirm(actor(), password)
    session[CONFIRMED_AT] = clock.now_ms()


def close_session() -> None:
    if is_signed_in():
        sessions.end(current_user.token)
        sign_in.sign_out(actor())
    logout_user()
    session.clear()


LANGUAGE = "language"
"""In the session of somebody who is not signed in: the language that was chosen."""


def language() -> str:
    """Of this request: the user's choice or their account's, else the best of ours that the browser asks for.

    What is no page, as every API, speaks English, and nobody is looked up for it.
    """
    if LANGUAGE not in g:
        g.language = _find_language() if shows_pages(request.path) else languages.DEFAULT
    return g.language


def _find_language() -> str:
    chosen = actor().language if is_signed_in() else session.get(LANGUAGE)
    # Not best_match, to which "sw" of "en-GB,sw;q=0.5" fits better than an "en" that was not asked for by that name.
    asked = (languages.known(tag.partition("-")[0].lower()) for tag, quality in request.accept_languages if quality > 0)
    return languages.known(chosen) or next(filter(None, asked), languages.DEFAULT)


def init_app(app: Flask) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="wesend_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=app.config["WESEND"].base_url.startswith("https://"),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    csrf.init_app(app)
    app.login_manager = manager  # type: ignore[attr-defined] # not init_app: see above
