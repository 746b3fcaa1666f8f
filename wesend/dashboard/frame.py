"""What every page has: a signed-in user, a CSRF token in its forms, strict headers, its errors as pages."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ..accounts.second_factor import factors
from ..core.errors import StorageFull, WesendError
from . import current_account, navigation
from .errors import show_http_error, show_refusal, show_storage_problem, shows_pages
from .icons import icon
from .sessions import actor, csrf, is_signed_in, manager

blueprint = Blueprint("dashboard", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
STATIC = Path(__file__).parent / "static"
OPEN = ("dashboard.sign_in.", "dashboard.static", "dashboard.language.choose")
"""Endpoints for somebody who is not signed in."""

UPLOADS = ("dashboard.contacts.start_import",)
FORM_LIMIT, UPLOAD_LIMIT = 2**20, 51 * 2**20
"""Bytes of a request."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.before_request
def _guard() -> ResponseReturnValue | None:
    if request.endpoint == "dashboard.static":
        return None
    # Before anything reads the form, as the check of its token does.
    request.max_content_length = UPLOAD_LIMIT if request.endpoint in UPLOADS else FORM_LIMIT
    csrf.protect()
    endpoint = request.endpoint or ""
    if not is_signed_in() and not endpoint.startswith(OPEN):
        return manager.unauthorized()
    if is_signed_in() and not endpoint.startswith((*OPEN, "dashboard.security.")) and factors.is_missing(actor()):
        return redirect(url_for("dashboard.security.index"), 303)
    return None


@blueprint.after_request
def _seal(response: Response) -> Response:
    """A view may have set a policy or a caching of its own: an e-mail in its frame, a file."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint == "dashboard.static":
        # A font's name changes when it does: the style sheet names it, and can't name a version.
        if "v" in request.args or request.path.endswith(".woff2"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.app_context_processor
def _names() -> dict[str, object]:
    if not (request.endpoint or "dashboard.").startswith("dashboard."):
        return {}
    return {
        "asset": asset,
        "icon": icon,
        "is_signed_in": is_signed_in,
        "navigation": navigation,
        "current_account": current_account,
    }


@lru_cache(maxsize=64)
def _mark(name: str, _changed: float) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, which changes with its content: it may be kept for ever."""
    return url_for("dashboard.static", filename=name, v=_mark(name, (STATIC / name).stat().st_mtime))


def show_elsewhere(error: HTTPException) -> Response | None:
    """An error of an address that no blueprint has (its hooks are not run for it); None where there are no pages."""
    if not shows_pages(request.path):
        return None
    return _seal(make_response(show_http_error(error)))


def show_unstorable(error: StorageFull) -> Response | None:
    """A request that failed because nothing can be stored; None where there are no pages."""
    return _seal(show_storage_problem(error)) if shows_pages(request.path) else None


blueprint.register_error_handler(HTTPException, show_http_error)
blueprint.register_error_handler(WesendError, show_refusal)
blueprint.register_error_handler(StorageFull, show_storage_problem)
blueprint.register_error_handler(current_account.NoAccountYet, current_account.ask_for_one)
