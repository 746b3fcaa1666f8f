"""Wesendall's words for what goes wrong: `{"success": false, "error": code, "message": sentence, "data"?: {…}}`."""

from __future__ import annotations

from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ...core import errors as domain
from ...core import money
from ..body import InvalidText, MalformedJson
from ..dialect import InvalidIdempotencyKey, Shown
from ..field_paths import flat
from ..retry_after import retry_after

FIELDS = {"text": "message", "recipient": "recipient", "name": "name", "amount": "amount", "sender": "senderId"}
"""Domain field → wire field."""

TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (MalformedJson, 400, "invalid_json"),
    (InvalidText, 400, "validation_error"),
    (InvalidIdempotencyKey, 400, "validation_error"),
    (domain.InvalidCredentials, 401, "invalid_credentials"),
    (domain.AccountSuspended, 403, "account_suspended"),
    (domain.WalletForbidden, 403, "wallet_forbidden"),
    (domain.SenderNotApproved, 403, "sender_not_approved"),
    (domain.CountryNotAllowed, 403, "country_not_allowed"),
    (domain.RecipientBlocked, 403, "blocked"),
    (domain.Forbidden, 403, "forbidden"),
    (domain.WalletNotFound, 404, "wallet_not_found"),
    (domain.GroupNotFound, 404, "group_not_found"),
    (domain.NotFound, 404, "not_found"),
    (domain.InsufficientBalance, 402, "insufficient_balance"),
    (domain.InvalidRecipient, 400, "invalid_recipient"),
    (domain.InvalidInput, 400, "validation_error"),
    (domain.GroupExists, 409, "group_exists"),
    (domain.IdempotencyInFlight, 409, "idempotency_in_flight"),
    (domain.IdempotencyConflict, 422, "idempotency_conflict"),
    (domain.Conflict, 409, "conflict"),
    (domain.ProviderRejected, 502, "provider_rejected"),
    (domain.ChargeRefused, 502, "provider_rejected"),
    (domain.StorageQuotaExceeded, 413, "storage_quota_exceeded"),
    (domain.NoRoute, 502, "provider_unavailable"),
    (domain.TopUpNotConfigured, 503, "topup_not_configured"),
    (domain.DailyLimitReached, 429, "daily_limit_reached"),
    (domain.RecipientLimitReached, 429, "recipient_limit"),
    (domain.BurstLimitReached, 429, "burst_limit"),
    (domain.RateLimited, 429, "rate_limited"),
    (domain.DatabaseUnavailable, 503, "service_unavailable"),
    (domain.StorageFull, 503, "storage_full"),
)
HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
}


def show_error(error: Exception) -> Shown:
    """(body, status, headers) of any error."""
    if isinstance(error, ValidationError):
        fields = {"fields": flat(error.normalized_messages())}
        return envelope("validation_error", "Some fields are missing or not valid", fields), 400, {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        return envelope(HTTP_CODES.get(status, "http_error"), _sentence(error)), status, {}
    for kind, status, code in TABLE:
        if isinstance(error, kind):
            return envelope(code, str(error), _data(error)), status, _headers(error)
    raise error


def envelope(code: str, message: str, data: dict | None = None) -> dict:
    shown: dict = {"success": False, "error": code, "message": message}
    if data is not None:
        shown["data"] = data
    return shown


def _sentence(error: HTTPException) -> str:
    return (error.description or error.name).replace("\n", " ")


def _data(error: Exception) -> dict | None:
    if isinstance(error, domain.InsufficientBalance):
        return {
            "wallet_id": error.wallet_id,
            "balance": money.number(error.balance_micros),
            "required": money.number(error.required_micros),
            "currency": error.currency,
        }
    if isinstance(error, domain.ProviderRejected):
        return {"refunded": money.number(error.refunded_micros)}
    if isinstance(error, domain.ChargeRefused):
        return {"refunded": 0}  # every provider_rejected has it; here nothing had been paid
    if isinstance(error, domain.InvalidInput) and not isinstance(error, domain.InvalidRecipient):
        return {"fields": {FIELDS.get(name, name): sentences for name, sentences in error.fields.items()}}
    if isinstance(error, InvalidText):
        return {"fields": {}}
    if isinstance(error, InvalidIdempotencyKey):
        return {"fields": {"Idempotency-Key": [str(error)]}}
    return None


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, domain.InvalidCredentials):
        return {"WWW-Authenticate": 'Basic realm="wesend", charset="UTF-8"'}
    return retry_after(error)
