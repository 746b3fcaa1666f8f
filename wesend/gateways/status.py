"""The status of every gateway, for whoever runs the instance: what carries, what rests, and what it said last."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..adapters.sms.base import SmsGateway
from ..core.errors import GatewayNotFound
from ..core.languages import sentence
from . import breaker, registry, service
from .breaker import Record
from .service import GatewayInfo

WORKS, RESTS, ON_TRIAL, UNUSABLE = "works", "rests", "on trial", "unusable"
"""On trial: its rest is over, and the next call shows whether it works again."""
MAIL = "mail"
SOUND = Record(0, None, None, None)


class GatewayStatus(NamedTuple):
    """``info.kind`` is sms, money or mail; ``tps`` and ``parallel`` are None where there is no such limit."""

    info: GatewayInfo
    title: str
    state: str
    record: Record
    tps: float | None
    parallel: int | None

    @property
    def is_built_in(self) -> bool:
        return self.info.name in registry.RESERVED

    @property
    def sends_sms(self) -> bool:
        return self.info.kind == "sms"


def statuses(*, actor: Actor) -> list[GatewayStatus]:
    """Those that were set up by name, then those that are always there."""
    roles.require(actor, OPERATE)
    records, carrying = breaker.records(), registry.gateways()
    found = [_status(info, records, carrying) for info in [*service.list_gateways(), *_of_mail(carrying)]]
    return sorted(found, key=lambda one: one.is_built_in)


def status_of(name: str, *, actor: Actor) -> GatewayStatus:
    """GatewayNotFound when there is none of that name."""
    name = service.named(name)
    found = next((one for one in statuses(actor=actor) if one.info.name == name), None)
    if found is None:
        raise GatewayNotFound(sentence("There is no gateway named %(name)s", name=name))
    return found


def _of_mail(carrying: dict[str, SmsGateway]) -> list[GatewayInfo]:
    return [
        GatewayInfo(name, name, MAIL, None, breaker.problem_of(name), {})
        for name in (registry.SMTP, registry.SANDBOX_MAIL)
        if name in carrying
    ]


def _status(info: GatewayInfo, records: dict[str, Record], carrying: dict[str, SmsGateway]) -> GatewayStatus:
    adapter, record = carrying.get(info.name), records.get(info.name, SOUND)
    known = registry.known_types().get(info.type)
    title = known.title if known is not None else info.type
    if adapter is None or adapter.in_process:
        return GatewayStatus(info, title, _state(info, record), record, None, None)
    return GatewayStatus(info, title, _state(info, record), record, adapter.tps, adapter.parallel)


def _state(info: GatewayInfo, record: Record) -> str:
    if record.rests_until is not None:
        return RESTS
    if record.failures >= breaker.FAILURES:
        return ON_TRIAL
    return UNUSABLE if info.problem else WORKS
