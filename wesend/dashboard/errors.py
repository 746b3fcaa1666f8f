"""Refusals as pages: a domain error that no form shows, and HTTP's own."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateError
from werkzeug.exceptions import HTTPException

from ..core.errors import (
    CountryNotAllowed,
    Forbidden,
    InvalidCredentials,
    LimitReached,
    NotFound,
    RateLimited,
    RecipientBlocked,
    StorageFull,
    StorageQuotaExceeded,
    WesendError,
)
from ..core.languages import gettext as _
from ..core.languages import marked, told
from ..database.errors import DATABASE_ERRORS

STATUSES = (
    (NotFound, 404),
    (Forbidden, 403),
    (InvalidCredentials, 401),
    (RateLimited, 429),
    (StorageQuotaExceeded, 413),
    (StorageFull, 503),
)
ANSWERED_ON_THE_PAGE = (404, 409, 413)
OF_A_SEND = (CountryNotAllowed, LimitReached, RecipientBlocked)
"""What the account may not send: no matter of who asks, or how often."""
TITLES = {
    400: marked("That request can't be understood"),
    401: marked("Please sign in"),
    403: marked("You may not do this"),
    404: marked("There is no such page"),
    405: marked("That can't be done here"),
    408: marked("That took too long"),
    409: marked("That can't be done now"),
    413: marked("That is too large"),
    429: marked("Too many requests"),
    500: marked("Something went wrong"),
    503: marked("There is no room for that now"),
}
SENTENCES = {
    404: marked("It may have been removed, or it belongs to another account."),
    500: marked("The mistake is ours and was written to the log."),
}
DID_NOT_WORK = marked("That did not work")
PLAIN = ("/api", "/v1", "/sandbox", "/t", "/callbacks", "/healthz", "/metrics", "/docs", "/assets")
"""What is served beside the dashboard: a missing page there is no page of it."""


def shows_pages(path: str) -> bool:
    return not any(path == prefix or path.startswith(prefix + "/") for prefix in PLAIN)


def show_refusal(error: WesendError) -> ResponseReturnValue:
    """What a domain refused: a form that was sent from a page is answered there, anything else by a page of its own."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 409)
    stays = request.method == "POST" and (status in ANSWERED_ON_THE_PAGE or isinstance(error, OF_A_SEND))
    back = page_before() if stays else None
    if back is not None:
        flash(told(error), "error")
        return redirect(back, 303)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, RateLimited) else {}
    if isinstance(error, StorageFull):
        headers = {"Retry-After": "10"}
    return _page(status, told(error) if str(error) != NotFound.sentence else told(SENTENCES[404])), status, headers


def page_before() -> str | None:
    """The page whose form this is, when it is one of ours."""
    referrer = request.referrer or ""
    return referrer if referrer.startswith(request.host_url) else None


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, CSRFError):
        return _page(
            400, _("This form was opened in another session, or for another account. Go back, reload the page and try again.")
        ), 400
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    sentence = told(SENTENCES.get(error.code, error.description or error.name))
    return Response(_page(error.code, sentence), error.code, headers)


def show_storage_problem(error: StorageFull) -> Response:
    """Also where a page can't be drawn: its templates may be among what can't be opened."""
    try:
        return make_response(show_refusal(error))
    except (OSError, *DATABASE_ERRORS, TemplateError):
        return Response(f"{error}.\n", 503, {"Retry-After": "10"}, mimetype="text/plain")


def _page(status: int, sentence: str) -> str:
    return render_template("errors/page.html", status=status, title=told(TITLES.get(status, DID_NOT_WORK)), sentence=sentence)
