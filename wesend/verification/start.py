"""A code leaves: at the start of a verification and again when it is asked for. Each is an SMS like any other, whose text is
kept masked; what it costs, what the phone's limits count and the verification itself are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..accounts import languages
from ..accounts.roles import Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import SANDBOX, Side
from ..core import clock, phones
from ..core.errors import SIMULATED, MaxResendsExceeded, OptedOut, RecipientOptedOut, SendFailed, VerificationClosed
from ..core.ids import new_id
from ..core.phones import Phone
from ..database import Row, Tx, write
from ..database.rows import VerifyAppRow
from ..messages.reporting import history
from ..messages.sending.accept import Alongside
from ..messages.sending.compose import Addressee
from ..messages.sending.confidential import ConfidentialComposer
from ..messages.sending.options import Origin
from ..messages.sending.send import send
from ..messages.state.sealed_texts import readable
from ..messages.state.statuses import FAILED as MESSAGE_FAILED
from ..wallets.service import WalletInfo, wallet_by_id
from . import codes, ending, limits, reading, texts
from .reading import FAILED, PENDING, Shown


class Settings(NamedTuple):
    """What a verification begins with. ``sender`` None: the route's own; ``template`` None: our words."""

    name: str
    app_id: int | None
    sender: str | None
    template: str | None
    code_length: int
    expiry_seconds: int
    max_attempts: int
    max_resends: int


USUAL = Settings("", None, None, None, code_length=6, expiry_seconds=600, max_attempts=5, max_resends=3)


def usual(name: str) -> Settings:
    """Without an app; ``name``: the account's."""
    return USUAL._replace(name=name)


def of_app(app: VerifyAppRow) -> Settings:
    return Settings(
        app["name"],
        app["id"],
        app["sender"],
        app["template"],
        app["code_length"],
        app["expiry_seconds"],
        app["max_attempts"],
        app["max_resends"],
    )


class Started(NamedTuple):
    """``code`` for who may see it: a test key."""

    verification: Shown
    code: str


def start(account: AccountInfo, wallet: WalletInfo, phone: Phone, settings: Settings, *, origin: Origin, actor: Actor) -> Started:
    """Send a code; an older verification of the phone by this sender is cancelled.

    InvalidInput for a template without a code; RecipientOptedOut, TooManyCodes and whatever a send is refused with: nothing
    is written. SendFailed: the gateway refused it, and it was refunded.
    """
    texts.require_code(settings.template)
    uid, code, now = f"ver_{new_id()}", codes.new_code(settings.code_length), clock.now_ms()
    kept = codes.digest(uid, code)

    def alongside(tx: Tx, messages: Sequence[Row]) -> None:
        (message,) = messages
        limits.begin(tx, account.id, phone.e164)
        limits.require_another_code(tx, account.id, phone.e164, wallet.side)
        ending.cancel_older(tx, account.id, phone.e164, message["sender"], wallet.side)
        verification_id = tx.insert(
            "verifications",
            uid=uid,
            account_id=account.id,
            wallet_id=wallet.id,
            side=wallet.side,
            app_id=settings.app_id,
            phone=phone.e164,
            sender=message["sender"],
            asked_sender=settings.sender,
            name=settings.name,
            template=settings.template,
            code_length=settings.code_length,
            expiry_seconds=settings.expiry_seconds,
            status=PENDING,
            code_hmac=kept,
            attempts_remaining=settings.max_attempts,
            resends_remaining=settings.max_resends,
            message_id=message["id"],
            expires_at=now + settings.expiry_seconds * clock.SECOND,
            created_at=now,
        )
        _note_send(tx, verification_id, account.id, phone.e164, wallet, message, now)

    written = (settings.template, settings.name, settings.expiry_seconds)
    _send(account, wallet, phone, code, written, settings.sender, alongside, origin, actor)
    return Started(sent_or_refused(account.id, uid, wallet.side, actor=actor), code)


RESENT = """
    UPDATE verifications SET code_hmac = ?, expires_at = ?, message_id = ?, resends_remaining = resends_remaining - 1
    WHERE id = ? AND status = 'pending' AND expires_at > ? AND resends_remaining > 0
"""


def resend(account: AccountInfo, uid: str, side: Side, *, origin: Origin, actor: Actor) -> Started:
    """Another code, a new expiry, the attempts that were left; the wallet that paid for the first pays for it, whoever asks.

    VerificationClosed, MaxResendsExceeded; else as `start`.
    """
    before = reading.find(account.id, uid, side, actor=actor)
    _require_open(before)
    wallet = wallet_by_id(before["wallet_id"])
    code, now = codes.new_code(before["code_length"]), clock.now_ms()
    kept, expires_at = codes.digest(uid, code), now + before["expiry_seconds"] * clock.SECOND

    def alongside(tx: Tx, messages: Sequence[Row]) -> None:
        (message,) = messages
        limits.begin(tx, account.id, before["phone"])
        limits.require_another_code(tx, account.id, before["phone"], side)
        if not tx.changed(RESENT, (kept, expires_at, message["id"], before["id"], now)):
            _require_open(reading.load(account.id, uid, side, tx))
            raise VerificationClosed
        _note_send(tx, before["id"], account.id, before["phone"], wallet, message, now)

    written = (before["template"], before["name"], before["expiry_seconds"])
    phone = phones.normalise(before["phone"], None)
    assert phone is not None  # it was one
    _send(account, wallet, phone, code, written, before["asked_sender"], alongside, origin, actor)
    return Started(sent_or_refused(account.id, uid, wallet.side, actor=actor), code)


def _require_open(verification: Shown) -> None:
    if verification["shown_status"] != PENDING:
        raise VerificationClosed
    if not verification["resends_remaining"]:
        raise MaxResendsExceeded


def _note_send(tx: Tx, verification_id: int, account_id: int, phone: str, wallet: WalletInfo, message: Row, now: int) -> None:
    tx.insert(
        "verification_sends",
        verification_id=verification_id,
        message_id=message["id"],
        account_id=account_id,
        phone=phone,
        side=wallet.side,
        sent_at=now,
    )


def _send(
    account: AccountInfo,
    wallet: WalletInfo,
    phone: Phone,
    code: str,
    written: tuple[str | None, str, int],
    sender: str | None,
    alongside: Alongside,
    origin: Origin,
    actor: Actor,
) -> None:
    """``written``: template, name, seconds until it expires."""
    template, name, seconds = written
    language = languages.of_account(account.id) if template is None else None
    text, shown = (texts.text_of(template, shown, name, seconds, language=language) for shown in (code, texts.MASK))
    composer = ConfidentialComposer(account, wallet, text, shown=shown, sender=sender)
    try:
        to = [Addressee(phone.e164, phone)]
        send(composer, to, actor=actor, origin=origin, alongside=alongside, raise_rejected=False)
    except OptedOut as error:
        raise RecipientOptedOut from error


def sent_or_refused(account_id: int, uid: str, side: Side, *, actor: Actor) -> Shown:
    """A verification whose code was just sent; SendFailed when the gateway refused it, as which it has failed."""
    found = reading.find(account_id, uid, side, actor=actor)
    if found["message_status"] == MESSAGE_FAILED and found["status"] in (PENDING, FAILED):
        write(lambda tx: ending.fail(tx, found["id"]))
        raise SendFailed(SendFailed.sentence + SIMULATED * (side == SANDBOX))
    return found


def code_of(verification: Shown, *, actor: Actor) -> str | None:
    """The code that a sandbox's phone shows, as long as it is valid: for the answer to a request that died."""
    message = history.find(verification["account_id"], verification["message_uid"], actor=actor)
    kept = verification["code_hmac"]
    return None if kept is None else codes.find_in(readable(message), verification["uid"], kept)
