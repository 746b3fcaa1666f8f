"""Compose: recipients → messages on their way out, with text rendered, segments counted, route and price found.

Nothing is written here. Pre-check and send use the same Composer, so what one says is what the other charges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from ...accounts.service import AccountInfo
from ...adapters.sms.sandbox_numbers import LOW_BALANCE, TOO_LITTLE_CREDIT
from ...core import money, networks, phones, segments, sms_forms, templating
from ...core.channels import SMS
from ...core.errors import InsufficientBalance, InvalidInput, NoRoute, SenderNotApproved, TextTooLong
from ...core.ids import new_id
from ...core.languages import sentence
from ...database import query_one
from ...gateways import registry, simulated
from ...guards import where
from ...routing import opt_outs, order, published, routes, senders
from ...routing.pricing import Tariff, Unit
from ...wallets.service import WalletInfo
from ..state import margins
from ..state.outgoing import Outgoing

BYTES = "8-bit"
"""The encoding of what is no text."""
INVALID_RECIPIENT, DUPLICATE, NO_ROUTE, OPTED_OUT = "invalid_recipient", "duplicate", "no_route", "opted_out"


class Addressee(NamedTuple):
    """Whom a message is for: ``given`` as it was written, its phone if it is one, its contact's variables and group."""

    given: str
    phone: phones.Phone | None
    values: Mapping[str, str] | None = None
    group_id: int | None = None


class Skipped(NamedTuple):
    """A recipient that gets nothing, as it was given, why, and its place among all that were given (from 0)."""

    recipient: str
    reason: str
    position: int


class Composed(Protocol):
    """What sending needs of a composition, whatever its channel."""

    account: AccountInfo
    wallet: WalletInfo
    channel: str
    text: str
    placeholders: str | None
    subject: str | None
    sender: str | None
    why_no_route: str | None
    confidential: bool
    namespace: str | None
    """Of the sandbox's inbox: in which rules of tests are looked for."""

    def plan(self, addressees: Iterable[Addressee], *, dedupe: bool = True) -> Iterator[Outgoing | Skipped]: ...


class _Way(NamedTuple):
    """``equals``: those that share the messages; each then finds its own by its id. The price is ``route``'s."""

    gateway: str
    sender: str | None
    route: routes.RouteInfo | None
    equals: tuple[routes.RouteInfo, ...] = ()


class Composer:
    """Plans the messages of one send. What it knows of routes, rates and senders is fixed when it is made.

    Raises SenderNotApproved, TextTooLong, InvalidInput; ``simulate_low_balance``: a sandbox recipient ending
    0000088 raises InsufficientBalance at the end of the whole plan. ``spell_sender``: how a sender ID is written, as it was
    first given unless told. ``is_any_sender``: it need not be approved. ``form``: of what is no plain text (`sms_forms`), for
    bytes with the text that shows them. ``billed_segments``: in place of our own count.
    """

    channel = SMS
    subject: str | None = None
    why_no_route: str | None = None
    """What is missing where a route is there, and can't be paid."""
    placeholders: str | None = None
    confidential = False
    namespace: str | None = None
    plays_poor = False
    """Whether the sandbox plays a wallet that is too poor for what is being planned."""

    def __init__(
        self,
        account: AccountInfo,
        wallet: WalletInfo,
        text: str,
        *,
        sender: str | None = None,
        route_code: str | None = None,
        render: Callable[[str, Mapping[str, str]], str] | None = None,
        max_segments: int | None = segments.MAX_SEGMENTS,
        simulate_low_balance: bool = True,
        opt_outs_apply: bool = True,
        spell_sender: Callable[[str], str] = str,
        is_any_sender: bool = False,
        form: str | None = None,
        billed_segments: int | None = None,
    ):
        if not text:
            raise InvalidInput("The message is empty", {"text": ["Missing"]})
        self.account, self.wallet, self.text = account, wallet, text
        is_named = bool(sender and sender.strip())
        approved = senders.approved_sender(account.id, sender or "", wallet.side) if is_named and not is_any_sender else None
        self.sender = spell_sender(approved.name) if approved else sender if is_named else None
        self.sender_countries = approved.countries if approved and not published.is_sender(account, approved.name) else None
        self.route_code = route_code
        self.render = render
        if render in templating.PATTERNS and "{" in text:
            templating.named(text, templating.PATTERNS[render])
        self.max_segments = max_segments
        self.simulate_low_balance = simulate_low_balance and wallet.is_sandbox
        self.rules = simulated.rules() if self.simulate_low_balance else {}
        self.is_bounded = where.is_bounded(account)
        self.checks_opt_outs = opt_outs_apply and opt_outs.has_opt_outs(account.id, SMS)
        self.form, self.billed_segments = form, billed_segments
        self.plain = None if render else self._measure(text)
        self.tariff = Tariff(account, wallet.side)
        self.units: dict[str, Unit] = {}
        self.prices: dict[tuple[Unit, int], int | None] = {}
        self.ways: dict[str, _Way | None] = {}
        self.gateways = registry.sms_gateways()

    def plan(
        self, addressees: Iterable[Addressee], *, dedupe: bool = True, is_question: bool = False
    ) -> Iterator[Outgoing | Skipped]:
        """One result an addressee, in order; repeated ones yield Skipped(duplicate). ``is_question``: nothing will be sent."""
        seen: set[str] = set()
        self.plays_poor, required = False, 0
        for position, addressee in enumerate(addressees):
            key = addressee.phone.e164 if addressee.phone else addressee.given
            if dedupe and key in seen:
                yield Skipped(addressee.given, DUPLICATE, position)
                continue
            if dedupe:
                seen.add(key)
            planned = self._plan_one(addressee, is_question)
            required += planned.cost_micros if isinstance(planned, Outgoing) else 0
            yield planned if isinstance(planned, Outgoing) else Skipped(addressee.given, planned, position)
        if self.plays_poor:
            self._refuse(required)  # what all of it would have cost, as where a wallet is too poor indeed

    def _plan_one(self, addressee: Addressee, is_question: bool) -> Outgoing | str:
        """The message, or the reason why there is none."""
        phone = addressee.phone
        if phone is None:
            return INVALID_RECIPIENT
        refused = where.refusal(self.account, phone.e164, phone.country) if self.is_bounded else None
        if refused is not None:
            return refused
        if self.checks_opt_outs and opt_outs.opted_out(self.account.id, SMS, [phone.e164], self.wallet.side):
            return OPTED_OUT
        way = self._way(phone)
        if way is None:
            return NO_ROUTE
        if self.plain is not None:
            text, counted = self.text, self.plain
        else:
            assert self.render is not None
            text = self.render(self.text, addressee.values or {})
            counted = self._measure(text)
        unit = self.tariff.of_number(way.route, phone.e164) if way.route else None
        cost = self._price(unit, counted.count) if unit else counted.count * money.MICRO
        if cost is None:
            return NO_ROUTE
        if self.simulate_low_balance and self._is_too_poor(phone.e164, is_question):
            self.plays_poor = True
        route, gateway, sender, uid = way.route, way.gateway, way.sender, ""
        if way.equals:
            uid = new_id() if is_question else order.new_uid(way.equals, phone.e164)
            first = order.in_order(way.equals, phone.e164, uid)[0]
            gateway, sender = first.gateway or gateway, self.sender or first.default_sender
        return Outgoing(
            recipient=phone.e164,
            country=phone.country,
            text=text,
            encoding=counted.encoding,
            segments=counted.count,
            cost_micros=cost,
            sender=sender,
            gateway=gateway,
            route=route.code if route else None,
            route_cost_micros=money.price(unit.price_micros, counted.count) if unit else None,
            route_currency=unit.currency if unit else None,
            form=self.form,
            uid=uid,
            **self._cost_of(phone, gateway, route, counted.count),
        )

    def _cost_of(self, phone: phones.Phone, gateway: str, route: routes.RouteInfo | None, count: int) -> dict[str, Any]:
        """What it is expected to cost at its carrier; nothing in the sandbox."""
        if self.wallet.is_sandbox:
            return {}
        attempt = (
            margins.Attempt(route.code, route.cost_micros * count, route.cost_currency)
            if route is not None and route.gateway == gateway
            else margins.by_gateway(phone.country, phone.e164, gateway, count)
        )
        return {
            "network": networks.by_prefix(phone.country, phone.e164),
            "carrier_route": attempt.route,
            "carrier_cost_micros": attempt.cost_micros,
            "carrier_currency": attempt.currency,
        }

    def _measure(self, text: str) -> segments.Segments:
        counted = segments.count(text)
        if sms_forms.read_bytes(self.form) is not None:
            return segments.Segments(BYTES, 1, len(text) // 2)
        if self.billed_segments is not None:
            counted = counted._replace(count=self.billed_segments)
        if self.max_segments is not None and counted.count > self.max_segments:
            raise TextTooLong(
                sentence(
                    "The message has %(count)s segments; at most %(max_segments)s are allowed",
                    count=counted.count,
                    max_segments=self.max_segments,
                ),
                {"text": [sentence("At most %(max_segments)s segments", max_segments=self.max_segments)]},
            )
        return counted

    def _way(self, phone: phones.Phone) -> _Way | None:
        in_country = routes.active_routes_by_country().get(phone.country, ()) if phone.country not in self.ways else None
        if in_country is None:
            return self.ways[phone.country]
        way = self._find_way(phone)
        if not (order.goes_by_prefix(phone.country) or any(route.prefixes or route.network for route in in_country)):
            # Without prefixes every number of the country takes the same way.
            self.ways[phone.country] = way
        return way

    def _find_way(self, phone: phones.Phone) -> _Way | None:
        way = self._find_gateway(phone)
        # Who can't be reached anyway is skipped: a bulk must not fail for the country of a stray contact.
        if way is not None and self.sender_countries is not None and phone.country not in self.sender_countries:
            raise SenderNotApproved(
                sentence("Sender ID %(sender)s is not approved for %(country)s", sender=self.sender, country=phone.country)
            )
        return way

    def _find_gateway(self, phone: phones.Phone) -> _Way | None:
        found = routes.candidates(phone.country, phone.e164, self.route_code)
        carries_bytes = sms_forms.read_bytes(self.form) is not None
        if self.wallet.is_sandbox and carries_bytes:
            return None
        if self.wallet.is_sandbox:
            # Whatever the routes say: a sandbox wallet never leaves the machine, reaches every country, pays what is published.
            way = published.way(phone.country, found, self.route_code)
            return _Way(registry.SANDBOX, self.sender or way.default_sender, way) if way is not None else None
        usable = [
            route
            for route in found
            if route.gateway in self.gateways and (not carries_bytes or self.gateways[route.gateway].carries_bytes)
        ]
        if not usable:
            return None
        first = usable[0]
        assert first.gateway is not None
        equals = tuple(usable) if order.has_equals(usable, phone.e164) else ()
        return _Way(first.gateway, self.sender or first.default_sender, first, equals)

    def _price(self, unit: Unit, count: int) -> int | None:
        """What so many segments cost the wallet; None without an exchange rate."""
        key = (unit, count)
        if key not in self.prices:
            self.prices[key] = routes.wallet_price(unit.price_micros, unit.currency, count, self.wallet.currency)
            if self.prices[key] is None:
                self.why_no_route = sentence(
                    "There is no exchange rate from %(currency)s to %(currency2)s",
                    currency=unit.currency,
                    currency2=self.wallet.currency,
                )
        return self.prices[key]

    def priced_anew(self, planned: Iterable[Outgoing]) -> list[Outgoing]:
        """The same messages, at what they cost now, where the account may have come to another tier of its price list; inside a
        transaction, as that sees it. NoRoute where that tier's price can't be paid.
        """
        if not self.tariff.borders:
            return list(planned)
        self.tariff.look_again()
        return [self._priced_anew(item) for item in planned]

    def _priced_anew(self, item: Outgoing) -> Outgoing:
        if item.route is None:
            return item
        unit = self.tariff.of_number(routes.find_route(item.route), item.recipient)
        cost = self._price(unit, item.segments)
        if cost is None:
            raise NoRoute(self.why_no_route)
        return item._replace(
            cost_micros=cost, route_cost_micros=money.price(unit.price_micros, item.segments), route_currency=unit.currency
        )

    def unit_of(self, planned: Outgoing) -> Unit | None:
        """What a segment of one of its messages was priced at; None: it goes by no route."""
        if planned.route is None:
            return None
        if self.wallet.is_sandbox:
            return self.tariff.of_route(published.route_to(planned.country or self.account.country))
        if self.tariff.list is not None:
            return self.tariff.of_number(routes.find_route(planned.route), planned.recipient)
        if planned.route not in self.units:
            self.units[planned.route] = self.tariff.of_route(routes.find_route(planned.route))
        return self.units[planned.route]

    def _is_too_poor(self, number: str, is_question: bool) -> bool:
        """Whether the sandbox plays a wallet that is too poor: as a test has said, else by the number. ``is_question``: no
        rule is used up."""
        rule = simulated.newest(self.rules, number, self.namespace)
        if rule is None:
            return number.endswith(TOO_LITTLE_CREDIT)
        return rule.outcome == LOW_BALANCE and (is_question or simulated.use(rule))

    def _refuse(self, cost_micros: int) -> None:
        row = query_one("SELECT balance_micros FROM wallets WHERE id = ?", (self.wallet.id,))
        raise InsufficientBalance(
            wallet_id=self.wallet.uid,
            balance_micros=row[0] if row else 0,
            required_micros=cost_micros,
            currency=self.wallet.currency,
            is_simulated=True,
        )


def numbered(text: str, home_country: str | None) -> Addressee:
    """Known by its number where it is one: an answer or a report then names whom it skipped as it names everybody else."""
    phone = phones.normalise(text, home_country)
    return Addressee(phone.e164 if phone else text, phone)


def read_recipients(given: Iterable[str], home_country: str | None) -> Iterator[Addressee]:
    """Texts → addressees; what is no phone number has phone None."""
    for text in given:
        yield Addressee(text, phones.normalise(text, home_country))
