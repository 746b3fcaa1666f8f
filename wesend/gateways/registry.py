"""Gateway names → adapters. Each process builds its own, keeps them while their settings stand, and closes them after."""

from __future__ import annotations

import json
import threading
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from flask import Flask, current_app

from ..adapters.access_token import Token
from ..adapters.mail.caught import CaughtMail
from ..adapters.money import types as money
from ..adapters.money.base import MoneyGateway
from ..adapters.money.sandbox import SandboxMoney
from ..adapters.options import Configurable, read_options
from ..adapters.sms.base import SmsGateway
from ..adapters.sms.sandbox import SandboxGateway
from ..coordination.token_cache import TokenCache
from ..core import vault
from ..core.current_app import this_app
from ..core.languages import sentence, verbatim
from ..database import Reader, Row, Tx, cached
from . import breaker, simulated, vendors

SANDBOX = "sandbox"
SANDBOX_MONEY = "sandbox-money"
SANDBOX_MAIL = "sandbox-mail"
SMTP = "smtp"
BUILT_IN = {SANDBOX: "sandbox", SANDBOX_MONEY: "sandbox-money"}
"""Name → type of the gateways that are always there."""
RESERVED = frozenset({*BUILT_IN, SANDBOX_MAIL, SMTP})
"""Names that no other gateway may have: messages are queued under them."""


class _Kept(NamedTuple):
    settings: tuple[str, str, str]
    adapter: Any


class _Adapters:
    """The adapters of one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[str, _Kept] = {}
        self.on_built: list[Callable[[SmsGateway], None]] = []

    def load(self, reader: Reader) -> tuple[dict[str, SmsGateway], dict[str, MoneyGateway]]:
        """The sandbox, and every gateway that is set up: those whose settings stand stay, with their connections."""
        found_sms: dict[str, SmsGateway] = {SANDBOX: _built_in()[SANDBOX]}
        found_money: dict[str, MoneyGateway] = {}
        with self.lock:
            rows = reader.all("SELECT * FROM gateways ORDER BY id")
            for row in rows:
                adapter = self._adapter(row)
                if isinstance(adapter, MoneyGateway):
                    found_money[row["name"]] = adapter
                elif adapter is not None:
                    found_sms[row["name"]] = adapter
            for name in self.kept.keys() - {row["name"] for row in rows}:
                _close_apart(self.kept.pop(name).adapter)
        return found_sms, found_money

    def close(self) -> None:
        """Give back every connection; what is submitted later begins anew."""
        with self.lock:
            adapters = [kept.adapter for kept in self.kept.values()]
        for adapter in adapters:
            adapter.close()

    def _adapter(self, row: Row) -> SmsGateway | MoneyGateway | None:
        settings = (row["type"], row["options"], row["secrets"])
        before = self.kept.get(row["name"])
        if before is not None and before.settings == settings:
            return before.adapter
        if before is not None:
            _close_apart(self.kept.pop(row["name"]).adapter)
        try:
            address = callback_address(row["name"], row["type"], row["callback_token"])
            adapter = build(row["name"], row["type"], json.loads(row["options"]), vault.unseal_table(row["secrets"]), address)
        except (vault.Unreadable, ValueError, KeyError) as error:
            current_app.logger.error("gateway %s can't be used: %s", row["name"], error)
            return None
        token = getattr(adapter, "token", None)
        if isinstance(token, Token):
            token.cache = TokenCache(row["name"], settings)
        if isinstance(adapter, SmsGateway):
            for hook in self.on_built:
                hook(adapter)
        self.kept[row["name"]] = _Kept(settings, adapter)
        return adapter


def _close_apart(adapter: Any) -> None:
    """On a thread: whoever notices that a gateway changed may hold the write lock, and a farewell takes seconds."""
    threading.Thread(target=adapter.close, name=f"close-{adapter.name}", daemon=True).start()


def init_app(app: Flask) -> None:
    app.extensions["wesend.adapters"] = _Adapters()


def close(app: Flask) -> None:
    """End the connections of this process, before it ends or forks."""
    app.extensions["wesend.adapters"].close()
    for adapter in app.extensions.get("wesend.built_in_gateways", {}).values():  # the mail server's is one of them
        adapter.close()


def when_built(app: Flask, hook: Callable[[SmsGateway], None]) -> None:
    """Call ``hook`` with every SMS adapter that is built in this process."""
    app.extensions["wesend.adapters"].on_built.append(hook)


def types() -> Mapping[str, type[Configurable]]:
    """Every type that can be set up; of those of vendors one is loaded when it is asked for."""
    built_in = {SANDBOX: SandboxGateway, SANDBOX_MONEY: SandboxMoney}
    chain: ChainMap[str, Any] = ChainMap(money.TYPES, cast(Any, vendors.sms_types()), built_in)  # listed from the last on
    return chain


def known_types() -> Mapping[str, type[Configurable]]:
    """Every type there is: those of e-mail are not set up, but by the settings."""
    from ..adapters.mail.smtp import SmtpGateway

    mail: dict[str, Any] = {SANDBOX_MAIL: CaughtMail, SMTP: SmtpGateway}
    return ChainMap(mail, cast(Any, types()))


def kind_of(type_name: str) -> str:
    """``sms`` or ``money``; a type that is not known any more was described by a file, as only those of SMS are."""
    return "money" if type_name in money.TYPES or type_name == SANDBOX_MONEY else "sms"


def build(
    name: str, type_name: str, options: Mapping[str, Any], secrets: Mapping[str, Any], callback_url: str
) -> SmsGateway | MoneyGateway:
    """An adapter of a type; ValueError (one sentence) for settings that it can't use."""
    settings = current_app.config["WESEND"]
    kind: Any = types().get(type_name)
    if kind is None:
        wrong = vendors.here().problems.get(type_name)
        raise ValueError(
            verbatim(wrong) if wrong else sentence("there is no type %(type)s any more: its file is gone", type=type_name)
        )
    if kind in (SandboxGateway, SandboxMoney):
        given = read_options(kind, options, secrets).options
        return (
            SandboxMoney(name, given)
            if kind is SandboxMoney
            else SandboxGateway(name, settings.sandbox_delay, simulated.outcomes_of)
        )
    adapter = kind(name, options, secrets, timeout=settings.gateway_timeout, callback_url=callback_url)
    if isinstance(adapter, SmsGateway):
        adapter.valid_seconds = settings.validity_ms // 1000
    return adapter


def hears_callbacks(type_class: type[Configurable]) -> bool:
    """Whether a type's vendor calls us."""
    if type_class.hears is not None:
        return type_class.hears
    return any(
        getattr(type_class, "read_callback", None) is not base.read_callback and issubclass(type_class, base)
        for base in (SmsGateway, MoneyGateway)
    )


def callback_address(name: str, type_name: str, token: str) -> str:
    """Where a vendor brings receipts or results, if it brings any (`hears_callbacks`)."""
    return f"{current_app.config['WESEND'].base_url}/callbacks/{kind_of(type_name)}/{name}/{token}"


def _known(tx: Tx | None = None) -> tuple[dict[str, SmsGateway], dict[str, MoneyGateway]]:
    return cached("gateways", this_app().extensions["wesend.adapters"].load, tx)


def sms_gateway(name: str) -> SmsGateway | None:
    """The adapter of an SMS gateway; None when there is none of that name."""
    return sms_gateways().get(name)


def sms_gateways(tx: Tx | None = None) -> dict[str, SmsGateway]:
    """By name; not to be changed: a new one takes its place when a gateway is set."""
    return _known(tx)[0]


def has_carrier() -> bool:
    """Whether anything is set up by which live SMS could leave."""
    return any(name != SANDBOX for name in sms_gateways())


def mail_gateway_name(*, is_sandbox: bool) -> str:
    """Under what name e-mail is queued: a sandbox wallet's is caught, a live one's waits for the SMTP server of the settings."""
    return SANDBOX_MAIL if is_sandbox else SMTP


def mail_gateway(*, is_sandbox: bool) -> SmsGateway | None:
    """Who carries e-mail; None while no mail server is set: what is live is held."""
    return _built_in().get(mail_gateway_name(is_sandbox=is_sandbox))


def has_mail_server() -> bool:
    return SMTP in _built_in()


def gateway(name: str, tx: Tx | None = None) -> SmsGateway | None:
    """The adapter that carries messages under a name, of whichever channel."""
    return sms_gateways(tx).get(name) or _built_in().get(name)


def gateways() -> dict[str, SmsGateway]:
    """Every adapter that carries messages."""
    return {**_built_in(), **sms_gateways()}


def _built_in() -> dict[str, SmsGateway]:
    extensions = this_app().extensions
    if "wesend.built_in_gateways" not in extensions:
        settings = current_app.config["WESEND"]
        found: dict[str, SmsGateway] = {
            SANDBOX: SandboxGateway(SANDBOX, settings.sandbox_delay, simulated.outcomes_of),
            SANDBOX_MAIL: CaughtMail(SANDBOX_MAIL),
        }
        if settings.smtp_url:
            from ..adapters.mail.smtp import SmtpGateway  # with smtplib, which nobody else needs

            found[SMTP] = SmtpGateway(SMTP, settings.smtp_url, first_retry=settings.mail_backoff)
        extensions["wesend.built_in_gateways"] = found
    return extensions["wesend.built_in_gateways"]


def money_gateway(name: str) -> MoneyGateway | None:
    return SandboxMoney() if name == SANDBOX_MONEY else _known()[1].get(name)


def money_gateway_for(currency: str, network: str | None, *, is_sandbox: bool) -> MoneyGateway | None:
    """Who takes a deposit of ``currency`` from a phone of ``network``, lowest priority first; None: nobody.

    One that rests after failures is passed over where another fits: somebody waits at the phone.
    """
    if is_sandbox:
        return SandboxMoney()
    fitting = [
        adapter
        for adapter in _known()[1].values()
        if currency in adapter.currencies and (not adapter.networks or network in adapter.networks)
    ]
    resting = breaker.resting()
    return min(fitting, key=lambda adapter: (adapter.name in resting, adapter.priority), default=None)


def networks_that_pay(currency: str, known: Iterable[str], *, is_sandbox: bool) -> list[str]:
    """Of the networks ``known``, those of which some gateway takes ``currency``; none: nobody takes it at all."""
    if is_sandbox:
        return list(known)
    taking = [adapter.networks for adapter in _known()[1].values() if currency in adapter.currencies]
    return [network for network in known if any(not networks or network in networks for networks in taking)]


def takes_money(currency: str, *, is_sandbox: bool) -> bool:
    """Whether any money gateway takes the currency."""
    return is_sandbox or any(currency in adapter.currencies for adapter in _known()[1].values())


def why_no_money_gateway(currency: str, network: str | None) -> str:
    """What is missing where there is none, in one sentence."""
    if not any(currency in adapter.currencies for adapter in _known()[1].values()):
        return "No mobile-money gateway is set up for this currency"
    return f"No mobile-money gateway takes this number's network ({network or 'which is not known'})"
