"""Acme's words for what goes wrong: `{"fault": {"code", "text"}}`."""

from __future__ import annotations

from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ...core import errors as domain
from ..body import InvalidText, MalformedJson
from ..dialect import InvalidIdempotencyKey, Shown
from ..retry_after import retry_after

TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (domain.InvalidCredentials, 401, "who_are_you"),
    (domain.Forbidden, 403, "not_you"),
    (domain.NotFound, 404, "no_such_thing"),
    (domain.InsufficientBalance, 402, "too_poor"),
    (domain.StorageQuotaExceeded, 413, "too_much"),
    (domain.InvalidInput, 400, "not_so"),
    (MalformedJson, 400, "not_so"),
    (InvalidText, 400, "not_so"),
    (InvalidIdempotencyKey, 400, "not_so"),
    (domain.Conflict, 409, "already"),
    (domain.ProviderRejected, 502, "carrier"),
    (domain.NoRoute, 502, "carrier"),
    (domain.RateLimited, 429, "slower"),
    (domain.StorageFull, 503, "full"),
)
HTTP_CODES = {404: "no_such_thing", 405: "not_like_that", 408: "too_slow", 413: "too_much", 415: "not_json", 500: "our_fault"}


def show_error(error: Exception) -> Shown:
    """(body, status, headers) of any error."""
    if isinstance(error, ValidationError):
        return fault("not_so", f"Look at {', '.join(map(str, error.normalized_messages()))}"), 400, {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        return fault(HTTP_CODES.get(status, "http"), error.name), status, {}
    for kind, status, code in TABLE:
        if isinstance(error, kind):
            return fault(code, str(error)), status, retry_after(error)
    raise error


def fault(code: str, text: str) -> dict:
    return {"fault": {"code": code, "text": text}}
