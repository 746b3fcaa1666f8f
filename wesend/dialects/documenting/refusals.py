"""Errors as they are raised, to be shown by each dialect's own error table: their bodies are true by construction."""

from __future__ import annotations

import re

from marshmallow import Schema, ValidationError, fields
from werkzeug import exceptions as http

from ...contacts.files import EmptyList, FileTooLarge, NoPhoneColumn, UnreadableFile
from ...core import errors, money
from ..body import InvalidText, MalformedJson
from ..dialect import InvalidIdempotencyKey
from .operations import Operation, Upload

EVERY_CALL = (http.InternalServerError(), errors.DatabaseUnavailable())
WITH_CREDENTIALS = (errors.InvalidCredentials(), errors.AccountSuspended(), errors.InsufficientScope(), errors.RateLimited(42))
EVERY_POST = (InvalidIdempotencyKey(), errors.IdempotencyInFlight(), errors.IdempotencyConflict(), http.RequestEntityTooLarge())
JSON_BODY = (MalformedJson(), InvalidText(), http.RequestEntityTooLarge(), http.UnsupportedMediaType(), http.RequestTimeout())
FIELD_OF_NONE = ValidationError("Unknown field.", "colour")
"""Of a call that reads no body, where one is to be read strictly."""

UNKNOWN_SENDER = errors.SenderNotApproved()
WRONG_PLACE = (errors.CountryNotAllowed("Kenya"), errors.RecipientBlocked())
DAILY_LIMIT = errors.DailyLimitReached(retry_after=3600)
BOUNDED = (*WRONG_PLACE, DAILY_LIMIT, errors.RecipientLimitReached(retry_after=600), errors.BurstLimitReached(retry_after=3600))
"""Of every send of SMS but bulks, of which some are refused and the rest is sent."""
NO_ROUTE = errors.NoRoute()
REJECTED = errors.ProviderRejected(refunded_micros=35 * money.MICRO, currency="UGX", reason="Refused by the gateway (sandbox)")
NO_RECIPIENT = errors.InvalidRecipient("No recipient is a valid phone number")
TOO_LONG = errors.TextTooLong("The message has 11 segments; at most 10 are allowed", {"text": ["Too long"]})
STORAGE = errors.StorageQuotaExceeded(stored_bytes=2**30, limit_bytes=2**30)
TOPUP = (errors.ChargeRefused(), errors.TopUpNotConfigured())
UPLOAD = (
    EmptyList("The file is empty"),
    NoPhoneColumn("No column is named phone, phone_number or mobile"),
    FileTooLarge("The file has more than 50 MB"),
    UnreadableFile("The file is a PDF"),
    http.UnsupportedMediaType(),
    InvalidText(),
    http.RequestTimeout(),
    ValidationError("Missing data for required field.", "file"),
    STORAGE,
)


def low_balance(wallet: str, currency: str) -> errors.InsufficientBalance:
    return errors.InsufficientBalance(
        wallet_id=wallet, balance_micros=20 * money.MICRO, required_micros=35 * money.MICRO, currency=currency
    )


def refusals_of(method: str, path: str, operation: Operation, *, public: bool) -> list[Exception]:
    """Everything that a call may be refused with: what every call like it shares, then what is its own."""
    found = [*operation.refusals]
    if not public:
        found += WITH_CREDENTIALS
    if method == "POST" and not public:
        found += EVERY_POST
    if method != "GET" and not public:
        found.append(errors.StorageFull())
    if operation.query is not None:
        found += [_invalid(operation.query), InvalidText()]
    if isinstance(operation.body, Upload):
        found += UPLOAD
    elif operation.body is not None:
        found += [*JSON_BODY, _invalid(operation.body)]
    elif method == "POST" and not public:
        found += [*JSON_BODY, FIELD_OF_NONE]
    if re.search(r"\{", path):
        found.append(http.NotFound())
    return [*found, *EVERY_CALL]


def _invalid(schema: Schema) -> ValidationError:
    """What such a schema says of a field that is missing, or else is not as it must be."""
    for name, field in schema.fields.items():
        if field.required:
            return ValidationError("Missing data for required field.", field.data_key or name)
    name, field = next(iter(schema.fields.items()))
    sentence = "Not a valid integer." if not isinstance(field, fields.String) else "Not a valid string."
    return ValidationError(sentence, field.data_key or name)
