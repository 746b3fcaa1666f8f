"""What World Ledgers' requests look like."""

from __future__ import annotations

from ..fields import Amount, Strict, Text, TextList, ValidFor


class Blast(Strict):
    recipients = TextList(required=True, blank_items=True)
    send_at = Text(load_default=None, allow_none=True, blank=True)
    reference = Text(load_default=None, allow_none=True, blank=True, maximum=255)
    valid_for = ValidFor()


class Sms(Blast):
    message = Text(required=True, maximum=1000)
    sender_id = Text(load_default=None, allow_none=True, blank=True)


class Email(Blast):
    subject = Text(required=True, maximum=998)
    message = Text(required=True)


class Purchase(Strict):
    phone = Text(required=True)
    amount = Amount(required=True)


SMS, EMAIL, PURCHASE = Sms(), Email(), Purchase()
