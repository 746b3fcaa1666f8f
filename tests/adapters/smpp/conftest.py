"""SMSCs of two independent makes, and gateways bound to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.smsc import Smsc, eventually
from tests.support.smsc_node import NodeSmsc
from tests.support.smsc_smpp34 import Smpp34Smsc
from wesend.adapters.sms.base import Submission
from wesend.adapters.sms.smpp.adapter import SmppGateway
from wesend.core.segments import count


def message(text: str, *, to: str = "+256772000001", sender: str | None = "WESEND", number: int = 1) -> Submission:
    encoding, segments, _ = count(text)
    return Submission(number, f"ref-{number}", to, text, sender, segments, encoding, 1)


def bound(gateway: SmppGateway, smsc: Smsc) -> SmppGateway:
    """The gateway once it is bound, for a test whose short time-out should not be spent on connecting."""
    gateway.listen()
    eventually(smsc.sessions, "the gateway did not bind")
    return gateway


@pytest.fixture
def smsc_with() -> Iterator:
    """Starts an SMSC: ``smsc_with(NodeSmsc, password="x")``."""
    started: list[Smsc] = []

    def start(make: type[Smsc], **settings) -> Smsc:
        smsc = make(**settings)
        started.append(smsc)
        return smsc.start()

    yield start
    for smsc in started:
        smsc.stop()
        smsc.close()


@pytest.fixture(params=[Smpp34Smsc, NodeSmsc], ids=["smpp34", "node"])
def smsc(request, smsc_with) -> Smsc:
    """A test that takes it runs against both makes."""
    return smsc_with(request.param)


@pytest.fixture
def node(smsc_with) -> NodeSmsc:
    """For what only this one can do: cut connections, count enquire_links, check a password, TLS."""
    return smsc_with(NodeSmsc)


@pytest.fixture
def gateway_to(smsc_with) -> Iterator:
    """Makes a gateway: ``gateway_to(smsc, window=5)``. It is closed after the test, before its SMSC is."""
    made: list[SmppGateway] = []

    def make(smsc: Smsc, *, timeout: float = 15.0, **options) -> SmppGateway:
        given = {"host": "127.0.0.1", "port": smsc.port, "system_id": "wesend", "reconnect": "0.05", **options}
        gateway = SmppGateway("smpp", {name: str(value) for name, value in given.items()}, {"password": "secret"}, timeout=timeout)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.close()
