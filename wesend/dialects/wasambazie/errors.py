"""Wasambazie's words for what goes wrong: `{"detail": sentence}`, or a list of field errors with 422."""

from __future__ import annotations

from flask import request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ...core import errors as domain
from ..body import InvalidText, MalformedJson
from ..dialect import InvalidIdempotencyKey, Shown
from ..field_errors import MALFORMED, field_errors, place_of, unstorable
from ..http_sentences import SENTENCES
from ..retry_after import retry_after


class SenderRequired(domain.InvalidInput):
    def __init__(self) -> None:
        super().__init__("Sender ID is required")


class ReportNotReady(domain.NotFound):
    sentence = "Report not yet available — the batch is still being processed."


TABLE: tuple[tuple[type[Exception], int, str | None], ...] = (
    # the error, its status, its sentence where it is not the error's own
    (domain.InvalidCredentials, 401, "Invalid or missing API credentials"),
    (domain.SenderNotApproved, 404, "Sender ID not found or not approved"),
    (domain.Forbidden, 403, None),
    (domain.BatchNotFound, 404, "Message batch not found"),
    (domain.NotFound, 404, None),
    (domain.InsufficientBalance, 402, "Insufficient SMS credits"),
    (InvalidIdempotencyKey, 400, None),
    (domain.InvalidInput, 400, None),
    (domain.IdempotencyInFlight, 409, None),
    (domain.IdempotencyConflict, 422, None),
    (domain.Conflict, 409, None),
    (domain.ProviderRejected, 502, "Provider rejected the message"),
    (domain.StorageQuotaExceeded, 413, None),
    (domain.NoRoute, 502, None),
    (domain.RateLimited, 429, None),
    (domain.DatabaseUnavailable, 503, None),
    (domain.StorageFull, 503, None),
)


def show_error(error: Exception) -> Shown:
    """(body, status, headers) of any error."""
    if isinstance(error, ValidationError):
        return {"detail": field_errors(error, place_of(request.method))}, 422, {}
    if isinstance(error, MalformedJson):
        return {"detail": MALFORMED}, 422, {}
    if isinstance(error, InvalidText):
        return {"detail": unstorable(place_of(request.method))}, 422, {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        return {"detail": SENTENCES.get(status, error.name)}, status, {}
    for kind, status, sentence in TABLE:
        if isinstance(error, kind):
            simulated = domain.SIMULATED if sentence and getattr(error, "is_simulated", False) else ""
            return {"detail": (sentence or str(error)) + simulated}, status, retry_after(error)
    raise error
