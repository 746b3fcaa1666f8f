"""Replies: SMS from a number that people write to, by that number's gateway alone; written by somebody, or by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..accounts import daily_use, roles
from ..accounts.roles import Actor
from ..accounts.service import AccountInfo, get_account
from ..accounts.sides import side_of_row
from ..adapters.sms.sandbox_numbers import LOW_BALANCE, TOO_LITTLE_CREDIT
from ..core import clock, networks, phones, segments, sms_forms
from ..core.channels import SMS
from ..core.errors import InsufficientBalance, InvalidInput, InvalidRecipient, NoRoute, RecipientOptedOut
from ..core.languages import sentence
from ..database import Row, Tx, reading
from ..database.rows import InboundMessageRow, TwoWayNumberRow, TwoWayServiceRow
from ..gateways import registry, simulated
from ..guards import where
from ..messages.reporting.sent import Sent
from ..messages.sending import send
from ..messages.sending.accept import Alongside, accept
from ..messages.sending.compose import BYTES, NO_ROUTE, OPTED_OUT, Addressee, Skipped
from ..messages.sending.options import Options, Origin
from ..messages.state import margins
from ..messages.state.outgoing import Outgoing
from ..routing import opt_outs
from ..wallets.service import WalletInfo, wallet_by_id
from . import conversations, numbers, prices
from .errors import NumberUnavailable, RecipientCountry, ReplyTooLong, ServiceNotActive
from .services import ANSWERS

NO_ATTEMPT = margins.Attempt(None, None, None)
AUTO, HELP = "auto", "help"
EVERY_MS = clock.MINUTE
A_DAY = 20
TOO_LITTLE_MONEY = "Too little money"
WHY_SKIPPED = {
    OPTED_OUT: "The sender has opted out",
    where.BLOCKED: "The sender is blocked: nobody sends there",
    where.COUNTRY_NOT_ALLOWED: "The account may not send to the sender's country",
}
BALANCE = "SELECT balance_micros, balance_micros + credit_limit_micros AS spendable FROM wallets WHERE id = ?"


class Composition:
    """A text from a service's number, as sending takes it: priced as the service has it, or as any send."""

    channel = SMS
    placeholders: str | None = None
    subject: str | None = None
    why_no_route: str | None = None
    confidential = False
    namespace: str | None = None

    def __init__(
        self,
        account: AccountInfo,
        wallet: WalletInfo,
        service: TwoWayServiceRow,
        number: TwoWayNumberRow,
        text: str,
        *,
        even_opted_out: bool = False,
        billed_segments: int | None = None,
        form: str | None = None,
        tx: Tx | None = None,
    ):
        """ReplyTooLong, InvalidInput; ``tx``: what is looked up is read in it; ``billed_segments``: in place of our own count;
        ``form``: as of a `Composer`.
        """
        if not text.strip():
            raise InvalidInput("The message is empty", {"text": ["Missing"]})
        self.account, self.wallet, self.text = account, wallet, text
        self.service, self.number = service, number
        self.sender: str | None = number["number"]
        self.even_opted_out, self.tx = even_opted_out, tx
        self.form, self.is_bytes = form, sms_forms.read_bytes(form) is not None
        self.counted = segments.Segments(BYTES, 1, len(text) // 2) if self.is_bytes else segments.count(text)
        if billed_segments is not None:
            self.counted = self.counted._replace(count=billed_segments)
        if self.counted.count > segments.MAX_SEGMENTS:
            raise ReplyTooLong(
                sentence(
                    "The message has %(count)s segments; at most %(max_segments)s are allowed",
                    count=self.counted.count,
                    max_segments=segments.MAX_SEGMENTS,
                )
            )

    def plan(self, addressees: Iterable[Addressee], *, dedupe: bool = True) -> Iterator[Outgoing | Skipped]:
        for position, addressee in enumerate(addressees):
            assert addressee.phone is not None  # a reply is to a phone that was read
            why = self._why_not_to(addressee.phone)
            yield self._planned(addressee.phone) if why is None else Skipped(addressee.given, why, position)

    def _why_not_to(self, phone: phones.Phone) -> str | None:
        refused = where.refusal(self.account, phone.e164, phone.country, self.tx)
        if refused is None and not self.even_opted_out and self.has_opted_out(phone.e164):
            return OPTED_OUT
        return NO_ROUTE if refused is None and self.is_bytes and not self._carries_bytes() else refused

    def _carries_bytes(self) -> bool:
        gateway = None if self.wallet.is_sandbox else registry.sms_gateways().get(self.number["gateway"])
        return gateway is not None and gateway.carries_bytes

    def has_opted_out(self, phone: str) -> bool:
        return bool(opt_outs.opted_out(self.account.id, SMS, [phone], self.wallet.side, self.tx))

    def _planned(self, phone: phones.Phone) -> Outgoing:
        price = prices.of_reply(self.service, phone, self.counted.count, self.wallet, self.tx)
        if self.wallet.is_sandbox and self._plays_poor(phone.e164):
            raise self.too_poor(price.cost_micros)
        attempt = NO_ATTEMPT
        if not self.wallet.is_sandbox:
            attempt = margins.by_gateway(phone.country, phone.e164, self.number["gateway"], self.counted.count, self.tx)
        return Outgoing(
            recipient=phone.e164,
            country=phone.country,
            text=self.text,
            encoding=self.counted.encoding,
            segments=self.counted.count,
            cost_micros=price.cost_micros,
            sender=self.sender,
            gateway=self.number["gateway"],
            form=self.form,
            route=price.route,
            route_cost_micros=price.route_cost_micros,
            route_currency=price.route_currency,
            network=None if self.wallet.is_sandbox else networks.by_prefix(phone.country, phone.e164),
            carrier_route=attempt.route,
            carrier_cost_micros=attempt.cost_micros,
            carrier_currency=attempt.currency,
        )

    def _plays_poor(self, number: str) -> bool:
        """Whether the sandbox plays a wallet that is too poor: as a test has said, else by the number."""
        rule = simulated.newest(simulated.rules(self.tx), number, self.namespace)
        if rule is None:
            return number.endswith(TOO_LITTLE_CREDIT)
        return rule.outcome == LOW_BALANCE and simulated.use(rule, self.tx)

    def too_poor(self, cost_micros: int) -> InsufficientBalance:
        row = reading(self.tx).one(BALANCE, (self.wallet.id,))
        return InsufficientBalance(
            wallet_id=self.wallet.uid,
            balance_micros=row["balance_micros"] if row else 0,
            required_micros=cost_micros,
            currency=self.wallet.currency,
            is_simulated=True,
        )


def reply(
    service: TwoWayServiceRow, to: str, text: str, *, origin: Origin, actor: Actor, account: AccountInfo | None = None
) -> Sent:
    """Send a text from the service's number, and wait for its gateway as any single send does. ``account``: the service's, as
    the key of a request narrows it.

    ServiceNotActive, NumberUnavailable, InvalidRecipient, RecipientCountry, ReplyTooLong, CountryNotAllowed,
    RecipientBlocked, InsufficientBalance, AccountSuspended, NoRoute.
    """
    account, wallet = account or get_account(service["account_id"]), wallet_by_id(service["wallet_id"])
    assert account.id == service["account_id"]
    roles.require_to_send(actor, account)
    number = _usable_number(service)
    phone = phones.normalise(to, service["country"])
    if phone is None:
        raise InvalidRecipient(phones.problem(to), {"recipient": ["Not a phone number"]})
    if phone.country != service["country"]:
        raise RecipientCountry("The number is of another country than the service", {"recipient": ["Another country"]})
    composition = Composition(account, wallet, service, number, text)
    if where.refusal(account, phone.e164, phone.country) is None and composition.has_opted_out(phone.e164):
        raise RecipientOptedOut

    def note(tx: Tx, messages: Sequence[Row]) -> None:
        _note(tx, service, number, wallet, phone.e164, text, messages, answer=None)

    to_phone = [Addressee(to, phone)]
    return send.send(composition, to_phone, actor=actor, origin=origin, alongside=note, raise_rejected=False)


class FromNumber(NamedTuple):
    """A text from a service's number as sending takes it, and what is to be written with its message."""

    composition: Composition
    alongside: Alongside


OF_NUMBER = f"""
    SELECT s.* FROM two_way_services s JOIN two_way_numbers n ON n.id = s.number_id
    WHERE n.digits = ? AND s.account_id = ? AND s.side = ? AND s.status IN ({", ".join("?" * len(ANSWERS))})
    ORDER BY s.id LIMIT 1
"""


def from_number(
    account: AccountInfo,
    wallet: WalletInfo,
    number: str,
    phone: phones.Phone,
    text: str,
    *,
    billed_segments: int | None = None,
    form: str | None = None,
) -> FromNumber | None:
    """A text from a number of one of the account's services, with its digits as they are written; None: it has no such one.

    NumberUnavailable, RecipientCountry, ReplyTooLong.
    """
    digits = numbers.digits_of(number)
    service: TwoWayServiceRow | None = reading(None).one(OF_NUMBER, (digits, account.id, wallet.side, *ANSWERS)) if digits else None
    if service is None:
        return None
    own = _usable_number(service)
    if phone.country != service["country"]:
        raise RecipientCountry("The number is of another country than the service", {"recipient": ["Another country"]})

    def note(tx: Tx, messages: Sequence[Row]) -> None:
        _note(tx, service, own, wallet, phone.e164, text, messages, answer=None)

    return FromNumber(Composition(account, wallet, service, own, text, billed_segments=billed_segments, form=form), note)


def is_reply(sent: Sent) -> bool:
    """Whether a send was one, as it is stored."""
    return reading(None).one("SELECT 1 FROM replies WHERE message_id = ?", (sent.messages[0]["id"],)) is not None


def _usable_number(service: TwoWayServiceRow) -> TwoWayNumberRow:
    if service["status"] not in ANSWERS:
        raise ServiceNotActive(sentence("The service is %(status)s", status=service["status"]))
    number = numbers.of_id(None, service["number_id"])
    if number is None or number["is_on"] != 1:
        raise NumberUnavailable("The service's number is paused")
    return number


NOTE = "INSERT INTO replies (message_id, service_id, answer) VALUES (?, ?, ?)"


def _note(
    tx: Tx,
    service: TwoWayServiceRow,
    number: TwoWayNumberRow,
    wallet: WalletInfo,
    phone: str,
    text: str,
    messages: Sequence[Row],
    *,
    answer: str | None,
) -> None:
    tx.executemany(NOTE, [(message["id"], service["id"], answer) for message in messages])
    conversations.note(
        tx,
        account_id=service["account_id"],
        phone=phone,
        number=number["number"],
        side=wallet.side,
        service_id=service["id"],
        text=text,
        unread=0,
        now=clock.now_ms(),
    )


# Nothing from moments that are still to come: a clock that was set back puts nothing off.
ANSWERED = """
    SELECT count(*) AS found, max(created_at) AS last_at FROM inbound_messages
    WHERE service_id = ? AND sender = ? AND answer = ? AND created_at > ? AND created_at <= ? AND forgotten = 0
"""


def answer(
    tx: Tx, service: TwoWayServiceRow, number: TwoWayNumberRow, inbound: InboundMessageRow, kind: str, text: str, now: int
) -> None:
    """Answer a message by itself, in the transaction that it is told in; why it is not is noted at the message."""
    problem = _why_not(tx, service, number, inbound, kind, now) or _send(tx, service, number, inbound, kind, text)
    if problem is None:
        tx.execute("UPDATE inbound_messages SET answer = ? WHERE id = ?", (kind, inbound["id"]))
    else:
        tx.execute("UPDATE inbound_messages SET answer_note = ? WHERE id = ?", (problem, inbound["id"]))


def _why_not(
    tx: Tx, service: TwoWayServiceRow, number: TwoWayNumberRow, inbound: InboundMessageRow, kind: str, now: int
) -> str | None:
    if not inbound["sender"].startswith("+"):
        return "The sender is no phone"
    if numbers.is_ours(tx, inbound["sender"]):
        return "The sender is a number that people write to"
    if number["is_on"] != 1:
        return "The number is paused"
    if kind != HELP and opt_outs.opted_out(service["account_id"], SMS, [inbound["sender"]], side_of_row(service), tx):
        return WHY_SKIPPED[OPTED_OUT]
    before = tx.one(ANSWERED, (service["id"], inbound["sender"], kind, now - clock.DAY, now))
    assert before is not None
    if before["found"] >= A_DAY:
        return f"The sender had {A_DAY} answers within a day"
    if before["last_at"] is not None and now - before["last_at"] < EVERY_MS:
        return "The sender had an answer less than a minute ago"
    return None


def _send(
    tx: Tx, service: TwoWayServiceRow, number: TwoWayNumberRow, inbound: InboundMessageRow, kind: str, text: str
) -> str | None:
    """None when it was accepted and waits to leave."""
    sender, namespace = inbound["sender"], inbound["namespace"]
    account, wallet = get_account(service["account_id"], tx), wallet_by_id(service["wallet_id"], tx)
    phone = phones.normalise(sender, None)
    if phone is None:
        return "The sender is no phone"
    composition = Composition(account, wallet, service, number, text, even_opted_out=kind == HELP, tx=tx)
    composition.namespace = namespace
    try:
        (planned,) = composition.plan([Addressee(sender, phone)])
    except InsufficientBalance:
        return TOO_LITTLE_MONEY
    except NoRoute as error:
        return str(error)
    if isinstance(planned, Skipped):
        return WHY_SKIPPED[planned.reason]
    balance = tx.one(BALANCE, (wallet.id,))
    if balance is None or balance["spendable"] < planned.cost_micros:
        return TOO_LITTLE_MONEY

    def note(tx: Tx, messages: Sequence[Row]) -> None:
        _note(tx, service, number, wallet, phone.e164, text, messages, answer=kind)

    # Asked before: nothing of this transaction may be undone for it.
    day = clock.day_of(clock.now_ms(), account.time_zone)
    paying = daily_use.Paying(account.id, wallet.currency, int(wallet.is_sandbox), day)
    if not daily_use.has_room(tx, account.limits.daily_micros, paying, planned.cost_micros):
        return "The account's daily limit is reached"
    accept(composition, [planned], [], origin=Origin(service["api"], namespace=namespace), options=Options(), alongside=note, tx=tx)
    return None
