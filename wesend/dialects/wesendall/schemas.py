"""What Wesendall's requests look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate

from ...database import Row
from ..fields import Amount, Identifier, Strict, Text, ValidFor, Whole, scalar_text

STATUSES = {
    "queued": ("scheduled", "dripping", "queued", "claimed"),
    "sent": ("submitting", "submitted", "sent", "unknown"),
    "delivered": ("delivered",),
    "failed": ("failed", "cancelled"),
}
"""Wesendall's word → the statuses that are shown as it."""

WORDS = {status: word for word, statuses in STATUSES.items() for status in statuses}


def error_word(message: Row) -> str | None:
    """Why a message is shown as failed; None for any other."""
    if WORDS[message["status"]] != "failed":
        return None
    return message["error_code"] or message["status"]


def kept_cost(message: Row) -> int:
    """Micro-units that were paid for a message and not given back."""
    return message["cost_micros"] - message["refunded_micros"]


class Recipients(fields.Field):
    """One phone, a list of phones, or one string of many."""

    default_error_messages = {
        "invalid": "Must be a phone number, a list of them, or one string of them.",
        "empty": "There is no recipient.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str | list[str]:
        if isinstance(value, str):
            if not value.strip():
                raise self.make_error("empty")
            return value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.make_error("invalid")
        if not any(item.strip() for item in value):
            raise self.make_error("empty")
        return [item.strip() for item in value if item.strip()]


class Wallet(Strict):
    wallet_id = Text(data_key="walletId", required=True)


class Send(Wallet):
    message = Text(required=True)
    recipient = Recipients(required=True)
    sender = Text(data_key="senderId", load_default=None, allow_none=True, blank=True)
    valid_for = ValidFor()


class SendGroup(Wallet):
    message = Text(required=True)
    group_id = Identifier(data_key="groupId", required=True)
    sender = Text(data_key="senderId", load_default=None, allow_none=True, blank=True)
    valid_for = ValidFor()


class Page(Wallet):
    page = Whole(low=1, high=10**9, text=True, load_default=1)
    per_page = Whole(low=1, high=100, text=True, load_default=20)

    @pre_load
    def limit_is_per_page(self, data: Mapping[str, Any], **kwargs: Any) -> Mapping[str, Any]:
        if "limit" in data and "per_page" not in data:
            return {**data, "per_page": data["limit"]}
        return data


class History(Page):
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    recipient = Text(load_default=None, blank=True)


class NewGroup(Wallet):
    name = Text(required=True, maximum=200)
    description = Text(load_default=None, allow_none=True, blank=True, maximum=2000)


class ContactFields(fields.Field):
    """`{phone, name?, …any field}` → (phone, name, other fields as text)."""

    default_error_messages = {"invalid": "Must be an object with a phone.", "phone": "Needs a phone as text."}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, str | None, dict[str, str]]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        return read_contact(value)


def read_contact(value: dict) -> tuple[str, str | None, dict[str, str]]:
    phone, name = value.get("phone"), value.get("name")
    if not isinstance(phone, str) or not phone.strip():
        raise ValidationError("Needs a phone as text.", "phone")
    if name is not None and not isinstance(name, str):
        raise ValidationError("Must be text.", "name")
    extra = {}
    for key, inner in value.items():
        if key not in ("phone", "name", "walletId"):
            try:
                extra[key] = scalar_text(inner)
            except ValidationError as error:
                raise ValidationError(error.messages, key) from error
    return phone, name, extra


class NewContacts(Wallet):
    contacts = fields.List(ContactFields(), load_default=None, validate=validate.Length(min=1))

    def takes_any(self, data: Mapping[str, Any]) -> bool:
        """A single contact's fields stand beside the wallet, whatever they are called."""
        return "phone" in data and "contacts" not in data


class TopUp(Wallet):
    amount = Amount(required=True)
    phone = Text(required=True)
    provider = Text(load_default=None, allow_none=True, blank=True, maximum=40)
    also = ("phoneNumber",)

    @pre_load
    def phone_number_is_phone(self, data: Mapping[str, Any], **kwargs: Any) -> Mapping[str, Any]:
        if "phone" not in data and "phoneNumber" in data:
            return {**data, "phone": data["phoneNumber"]}
        return data


SEND, SEND_GROUP, HISTORY, PAGE, WALLET = Send(), SendGroup(), History(), Page(), Wallet()
NEW_GROUP, NEW_CONTACTS, TOP_UP = NewGroup(), NewContacts(), TopUp()
