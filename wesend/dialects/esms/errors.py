"""eSMS's words for what goes wrong: `{"detail": {"code", "message", …}}`, field errors as a list with 422."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from ...contacts.files import EmptyList, FileTooLarge, NoPhoneColumn
from ...core import errors as domain
from ...core import money
from ...core.request_ids import request_id
from ...two_way import errors as two_way
from ..body import InvalidText, MalformedJson, UploadExpected, UploadTooLarge
from ..dialect import InvalidIdempotencyKey, Shown
from ..field_errors import MALFORMED, field_errors, place_of, unstorable
from ..http_sentences import SENTENCES
from ..retry_after import retry_after

FIELDS = {"recipient": "to", "url": "dlr_url", "inbound_url": "mo_url"}
"""Domain field → wire field, where they differ."""

TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (domain.InvalidCredentials, 401, "invalid_api_key"),
    (domain.AccountSuspended, 403, "account_suspended"),
    (domain.InsufficientScope, 403, "insufficient_scope"),
    (domain.SenderNotApproved, 403, "sender_id_not_approved"),
    (domain.RecipientOptedOut, 403, "recipient_opted_out"),
    (domain.CountryNotAllowed, 403, "country_not_allowed"),
    (domain.RecipientBlocked, 403, "blocked"),
    (domain.Forbidden, 403, "forbidden"),
    (domain.NotFound, 404, "not_found"),
    (domain.InsufficientBalance, 422, "insufficient_balance"),
    (domain.OptedOut, 400, "opted_out"),
    (domain.InvalidRecipient, 400, "invalid_phone"),
    (two_way.RecipientCountry, 400, "invalid_recipient_country"),
    (two_way.NoWebhook, 400, "no_webhook"),
    (two_way.ReplyTooLong, 413, "message_too_long"),
    (two_way.CountryUnavailable, 422, "country_unavailable"),
    (two_way.TollFreeUnavailable, 422, "toll_free_unavailable"),
    (two_way.InvalidDocument, 422, "invalid_document"),
    (two_way.KeywordUnavailable, 409, "keyword_unavailable"),
    (two_way.DuplicateRequest, 409, "duplicate_request"),
    (two_way.InvalidState, 409, "invalid_state"),
    (two_way.NumberUnavailable, 409, "number_unavailable"),
    (two_way.ServiceNotActive, 409, "service_not_active"),
    (domain.TextTooLong, 400, "text_too_long"),
    (domain.InvalidSchedule, 400, "invalid_schedule"),
    (NoPhoneColumn, 400, "no_phone_column"),
    (EmptyList, 400, "empty_list"),
    (FileTooLarge, 400, "file_too_large"),
    (InvalidIdempotencyKey, 400, "invalid_idempotency_key"),
    (domain.AlreadyApproved, 409, "already_approved"),
    (domain.VerificationClosed, 409, "verification_closed"),
    (domain.MaxResendsExceeded, 409, "max_resends_exceeded"),
    (domain.NotRetryable, 409, "not_retryable"),
    (domain.MaxRetriesExceeded, 409, "max_retries_exceeded"),
    (domain.NotCancellable, 409, "not_cancellable"),
    (domain.IdempotencyConflict, 409, "idempotency_conflict"),
    (domain.IdempotencyInFlight, 409, "idempotency_in_flight"),
    (domain.Conflict, 409, "conflict"),
    (domain.StorageQuotaExceeded, 413, "storage_quota_exceeded"),
    (domain.NoRoute, 400, "no_route"),
    (domain.SendFailed, 502, "send_failed"),
    (domain.ChargeRefused, 502, "payment_refused"),
    (domain.TopUpNotConfigured, 503, "topup_not_configured"),
    (domain.TooManyCodes, 429, "too_many_requests"),
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
    413: "payload_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}


PLACES = ("/api/two-way", "/v1/two-way")
"""Whose vendor's samples read `error.message`, which stands beside `detail`."""
UNCLEAR = "Some fields are missing or not valid"


def show_error(error: Exception) -> Shown:
    """(body, status, headers) of any error."""
    shown, status, headers = _show(error)
    if not any(request.path == place or request.path.startswith(f"{place}/") for place in PLACES):
        return shown, status, headers
    told = shown["detail"]
    named = ("validation_error", UNCLEAR) if isinstance(told, list) else (told["code"], told["message"])
    return {**shown, "error": {"code": named[0], "message": named[1], "request_id": request_id()}}, status, headers


def _show(error: Exception) -> Shown:
    if isinstance(error, ValidationError):
        return {"detail": field_errors(error, place_of(request.method))}, 422, {}
    if isinstance(error, MalformedJson):
        return {"detail": MALFORMED}, 422, {}
    if isinstance(error, InvalidText):
        return {"detail": unstorable(place_of(request.method))}, 422, {}
    if isinstance(error, UploadTooLarge):
        return detail("file_too_large", "The file has more than 50 MB"), 400, {}
    if isinstance(error, UploadExpected):
        return detail(HTTP_CODES[415], "The request body must be multipart/form-data"), 415, {}
    if isinstance(error, HTTPException):
        status = error.code or 500
        return detail(HTTP_CODES.get(status, "http_error"), SENTENCES.get(status, error.name)), status, {}
    for kind, status, code in TABLE:
        if isinstance(error, kind):
            return detail(code, str(error), **_more(error)), status, retry_after(error)
    if isinstance(error, domain.InvalidInput):
        fields = {FIELDS.get(name, name): sentences for name, sentences in error.fields.items()}
        fields = fields or {"_schema": [str(error)]}
        return {"detail": field_errors(ValidationError(fields))}, 422, {}
    raise error


def detail(code: str, message: str, **more: Any) -> dict:
    return {"detail": {"code": code, "message": message, **more}}


def _more(error: Exception) -> dict:
    if isinstance(error, domain.InsufficientBalance):
        return {
            "balance": money.number(error.balance_micros),
            "cost": money.number(error.required_micros),
            "currency": error.currency,
        }
    return {}
