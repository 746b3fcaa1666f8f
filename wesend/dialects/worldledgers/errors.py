"""World Ledgers' words for what goes wrong: `{"status": "error", "message", "errors"?: {field: [sentence]}}`."""

from __future__ import annotations

from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ...core import errors as domain
from ...core import money
from ..body import InvalidText, MalformedJson
from ..dialect import InvalidIdempotencyKey, Shown
from ..field_paths import flat
from ..http_sentences import SENTENCES
from ..retry_after import retry_after

FIELDS = {"text": "message", "recipient": "recipients", "sender": "sender_id"}
"""Domain field → wire field."""

TABLE: tuple[tuple[type[Exception], int], ...] = (
    (domain.InvalidCredentials, 401),
    (domain.SenderNotApproved, 422),
    (domain.CountryNotAllowed, 422),
    (domain.RecipientBlocked, 422),
    (domain.Forbidden, 403),
    (domain.NotFound, 404),
    (domain.InsufficientBalance, 422),
    (MalformedJson, 422),
    (InvalidText, 422),
    (InvalidIdempotencyKey, 422),
    (domain.InvalidInput, 422),
    (domain.IdempotencyConflict, 422),
    (domain.Conflict, 409),
    (domain.StorageQuotaExceeded, 413),
    (domain.NoRoute, 502),
    (domain.ProviderRejected, 502),
    (domain.ChargeRefused, 502),
    (domain.TopUpNotConfigured, 502),
    (domain.RateLimited, 429),
    (domain.DatabaseUnavailable, 503),
    (domain.StorageFull, 503),
)


def show_error(error: Exception) -> Shown:
    """(body, status, headers) of any error."""
    if isinstance(error, ValidationError):
        return envelope("The given data was invalid.", flat(error.normalized_messages())), 422, {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        return envelope(SENTENCES.get(status, error.name)), status, {}
    for kind, status in TABLE:
        if isinstance(error, kind):
            return envelope(_sentence(error), _fields(error)), status, retry_after(error)
    raise error


def envelope(message: str, errors: dict | None = None) -> dict:
    shown: dict = {"status": "error", "message": message}
    if errors:
        shown["errors"] = errors
    return shown


def _sentence(error: Exception) -> str:
    return "Missing or invalid API key" if isinstance(error, domain.InvalidCredentials) else str(error)


def _fields(error: Exception) -> dict[str, list[str]] | None:
    if isinstance(error, domain.InsufficientBalance):
        return {
            "credits": [
                f"Not enough SMS credits: {money.text(error.required_micros)} needed, {money.text(error.balance_micros)} left."
            ]
        }
    if isinstance(error, domain.SenderNotApproved):
        return {"sender_id": [str(error)]}
    if isinstance(error, domain.InvalidInput) and error.fields:
        return {FIELDS.get(name, name): sentences for name, sentences in error.fields.items()}
    return None
