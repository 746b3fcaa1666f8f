"""A submit_sm → an order for one message, or a part of one; or the refusal of what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..accounts.keys import Key
from ..accounts.roles import KeyHolder
from ..adapters.reading import message_text
from ..adapters.sms.smpp import statuses, texts
from ..adapters.sms.smpp.parts import part_of
from ..adapters.sms.smpp.pdu import MESSAGE_PAYLOAD
from ..adapters.sms.smpp.requests import DEST_ADDR_SUBUNIT, LONGEST_ADDRESS, SHORT_MESSAGE, USER_MESSAGE_REFERENCE, Address, Submit
from ..binds.receipts import beginning_of
from ..binds.terms import ANY, API, LONGEST_DIGITS, LONGEST_SENDER, Terms
from ..core import clock, phones, segments, sms_forms
from ..core.errors import InsufficientScope, InvalidRecipient, SenderNotApproved, TextTooLong
from ..messages.sending.compose import Addressee, Composer
from ..messages.sending.options import Options, Origin
from ..messages.smpp.parts import Part, Piece, Submitted
from ..messages.smpp.submit import Asked, Order
from ..two_way import replies
from ..wallets.service import wallet_by_id
from . import times
from .refusals import Refusal, UnknownSource

ALPHANUMERIC, NATIONAL = 5, 2
TONS = (0, 1, NATIONAL)
MESSAGE_TYPE, UDH_INDICATOR = 0x3C, texts.UDH_INDICATOR
TEXTS = {0x00: 0, 0x01: 1, 0x03: 3, 0x08: 8, 0x10: 0, 0xF0: 0, 0x18: 8}
"""data_coding → the coding of its text."""
FLASHES = frozenset({0x10, 0xF0, 0x18})
BYTES = frozenset({2, 4, 0xF4, 0xF5})
MOST_BYTES = 140
MOST_OF_PART = {8: MOST_BYTES}
MOST_SEPTETS = 160
"""What a part holds at most, its header aside: it is billed as one segment, whatever it is cut into later."""
LONGEST_AHEAD_MS = 90 * clock.DAY
LEAST_VALID, MOST_VALID = 60, 172_800
REGISTERED = 0x03


class Sender(NamedTuple):
    """Who submits: the key as it is now, its terms, the address it is bound from."""

    key: Key
    terms: Terms
    address: str

    @property
    def actor(self) -> KeyHolder:
        return KeyHolder(self.key.account.id, self.key.id, self.key.prefix, self.address)


class Content(NamedTuple):
    """What is to be sent. ``pieces`` are a text's bytes without their header; ``form``: see `sms_forms`."""

    pieces: tuple[Piece, ...]
    form: str | None
    raw: bytes


def read(submit: Submit, sender: Sender) -> Order | Submitted:
    """Refusal, or an error of what the message names."""
    if "send" not in sender.key.scopes:
        raise InsufficientScope
    _check_fields(submit)
    has_udh = bool(submit.esm_class & UDH_INDICATOR)
    content = _content(submit, has_udh)
    phone = _phone(submit.destination, sender)
    options = _options(submit)
    asked = Asked(
        submit.registered & REGISTERED, submit.source.raw, submit.destination.raw, submit.tlvs.get(USER_MESSAGE_REFERENCE), ""
    )
    message = _Message(submit, sender, phone, options, asked, content.form)
    if sms_forms.read_bytes(content.form) is not None:
        return message.order_of_bytes(content.raw)
    part = part_of(content.raw, submit.tlvs, has_udh=has_udh)
    if part is None:
        return message.order(content.pieces)
    reference, number, total = part
    if total > segments.MAX_SEGMENTS:
        raise TextTooLong(f"The message has {total} parts; at most {segments.MAX_SEGMENTS} are allowed")
    (piece,) = content.pieces
    if len(piece.content) > MOST_OF_PART.get(piece.data_coding, MOST_SEPTETS):
        raise TextTooLong("A part is longer than a segment")
    whole = "\0".join((str(sender.key.id), submit.source.raw.hex(), submit.destination.raw.hex(), reference, str(total)))
    return Submitted(
        sender.key.account.id,
        sender.key.id,
        Part(whole.replace("\0", "/"), number, total, piece.data_coding, piece.content),
        asked._replace(beginning=beginning_of(_text([piece]))),
        message._replace(billed=total).order,
    )


def _check_fields(submit: Submit) -> None:
    if submit.esm_class & MESSAGE_TYPE:
        raise Refusal(statuses.RINVESMCLASS, "esm_class names another type of message")
    if submit.replaces:
        raise Refusal(statuses.RINVREPFLAG, "replace_if_present is not offered")
    if submit.default_message:
        raise Refusal(statuses.RINVDFTMSGID, "There are no predefined messages")
    if submit.data_coding not in TEXTS and submit.data_coding not in BYTES:
        raise Refusal(statuses.RINVDCS, f"data_coding {submit.data_coding:#04x} is not offered")
    if len(submit.source.text) > LONGEST_ADDRESS:
        raise Refusal(statuses.RINVSRCADR, "The source address is too long")
    if len(submit.destination.text) > LONGEST_ADDRESS:
        raise Refusal(statuses.RINVDSTADR, "The destination address is too long")


def _content(submit: Submit, has_udh: bool) -> Content:
    raw = submit.content or submit.payload
    if submit.content and MESSAGE_PAYLOAD in submit.tlvs or not raw or len(submit.content) > SHORT_MESSAGE:
        raise Refusal(statuses.RINVMSGLEN, "One of short_message and message_payload is wanted")
    header = raw[0] + 1 if has_udh else 0
    if len(raw) <= header:
        raise Refusal(statuses.RINVMSGLEN, "There is nothing behind the header")
    if submit.data_coding in BYTES:
        if len(raw) > MOST_BYTES:
            raise Refusal(statuses.RINVMSGLEN, f"Bytes are at most {MOST_BYTES}, with their header")
        return Content((), sms_forms.Bytes(submit.data_coding, has_udh).form(), raw)
    is_flash = submit.data_coding in FLASHES or submit.tlvs.get(DEST_ADDR_SUBUNIT) == b"\x01"
    return Content((Piece(TEXTS[submit.data_coding], raw[header:]),), sms_forms.FLASH if is_flash else None, raw)


def _text(pieces: Sequence[Piece]) -> str:
    """Bytes of one coding are read together: a pair may be split over two parts."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].data_coding == piece.data_coding:
            joined[-1] = Piece(piece.data_coding, joined[-1].content + piece.content)
        else:
            joined.append(piece)
    return "".join(_decode(piece) for piece in joined)


def _decode(piece: Piece) -> str:
    """What is no sign of its alphabet is ``?``, so that it costs no other alphabet."""
    text = texts.decode(piece.content, piece.data_coding)
    return message_text(text if piece.data_coding == texts.UTF_16 else text.replace("\ufffd", "?"))


def _phone(destination: Address, sender: Sender) -> phones.Phone:
    home = sender.key.account.country if destination.ton == NATIONAL else None
    found = phones.normalise(destination.text, home) if destination.ton in TONS and destination.text else None
    if found is None:
        raise InvalidRecipient("The destination is no phone number", {"recipient": ["Not a phone number"]})
    return found


def _options(submit: Submit) -> Options:
    now = clock.now_ms()
    try:
        at = times.read(submit.schedule, now) if submit.schedule else now
    except times.BadTime:
        raise Refusal(statuses.RINVSCHED, "schedule_delivery_time is no time") from None
    if at > now + LONGEST_AHEAD_MS:
        raise Refusal(statuses.RINVSCHED, "schedule_delivery_time is more than 90 days ahead")
    options = Options(mode="scheduled", scheduled_at=at) if at > now else Options()
    if not submit.validity:
        return options
    try:
        ends = times.read(submit.validity, now)
    except times.BadTime:
        raise Refusal(statuses.RINVEXPIRY, "validity_period is no time") from None
    seconds = (ends - max(at, now)) // 1000 if not submit.validity.endswith("R") else (ends - now) // 1000
    return options._replace(valid_for=max(LEAST_VALID, min(seconds, MOST_VALID)))


class _Message(NamedTuple):
    """A message that is read but for its text. ``form``: see `sms_forms`; ``billed``: its segments, where they are told."""

    submit: Submit
    sender: Sender
    phone: phones.Phone
    options: Options
    asked: Asked
    form: str | None
    billed: int | None = None

    def order(self, pieces: Sequence[Piece]) -> Order:
        text = _text(pieces)
        if not text.strip("\0"):
            raise Refusal(statuses.RINVMSGLEN, "The message is empty")
        return self._composed(text)

    def order_of_bytes(self, raw: bytes) -> Order:
        """Shown as hex, for want of a text."""
        return self._composed(raw.hex())

    def _composed(self, text: str) -> Order:
        """By an approved sender, or from a number of the account's own."""
        key, form, billed = self.sender.key, self.form, self.billed
        to, wallet = Addressee(self.submit.destination.text, self.phone), wallet_by_id(key.wallet_id)
        source, is_number = _source(self.submit.source, self.sender)
        is_any = self.sender.terms.senders == ANY
        asked, origin, actor = self.asked._replace(beginning=beginning_of(text)), _origin(self.sender), self.sender.actor
        try:
            composer = Composer(key.account, wallet, text, sender=source, is_any_sender=is_any, form=form, billed_segments=billed)
        except SenderNotApproved:
            if not is_number:
                raise
            if not text.strip():
                raise Refusal(statuses.RINVMSGLEN, "A text from a number is not blank") from None
            own = replies.from_number(key.account, wallet, source or "", self.phone, text, billed_segments=billed, form=form)
            if own is None:
                raise
            return Order(own.composition, to, asked, origin, self.options, actor, own.alongside)
        return Order(composer, to, asked, origin, self.options, actor)


def _origin(sender: Sender) -> Origin:
    limits = sender.key.limits
    return Origin(
        API, sender.key.id, daily_limit_micros=limits.daily_micros, valid_for=limits.valid_for, namespace=sender.key.namespace
    )


def _source(source: Address, sender: Sender) -> tuple[str | None, bool]:
    """The sender that is named, None for the route's default; and whether it is a number. UnknownSource."""
    text = source.text if source.text.strip() else sender.terms.default_sender or ""
    digits = text.removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and source.ton != ALPHANUMERIC
    if not text:
        return None, False
    if len(digits) > (LONGEST_DIGITS if digits.isascii() and digits.isdigit() else LONGEST_SENDER):
        raise UnknownSource
    if not text.isascii() or not text.isprintable():
        raise UnknownSource
    return text, is_number
