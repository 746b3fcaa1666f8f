"""The options of an `smpp` gateway: what there is, and how the operator's words are read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ...options import Configurable, Option, read_options
from .pdu import BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER

BINDS = {"transceiver": BIND_TRANSCEIVER, "transmitter": BIND_TRANSMITTER, "receiver": BIND_RECEIVER}


OPTIONS = (
    Option("host", "text", required=True, help="The SMSC's host name or address", destination=True),
    Option("port", "integer", default=2775, least=1, most=65535, help="Its port; 3550 is usual with TLS", destination=True),
    Option("system_id", "text", required=True, help="The name to bind with"),
    Option("system_type", "text", default="", help="Only if the SMSC asks for one"),
    Option(
        "bind",
        "choice",
        default="transceiver",
        choices=tuple(BINDS),
        help="transceiver; transmitter (receipts over a receiver session of their own); or receiver (nothing is sent)",
    ),
    Option("binds", "integer", least=1, most=1000, help="Sessions at most, over all workers and hosts (default: one a worker)"),
    Option("window", "integer", default=10, least=1, most=1000, help="Parts on their way at once, each session"),
    Option("tls", "flag", default=False, help="1: TLS, with the SMSC's certificate checked", destination=True),
    Option("ca_file", "text", help="PEM file of the authority that signed it, if no public one did", destination=True),
    Option("payload", "flag", default=False, help="1: a long text goes as message_payload instead of parts"),
    Option("enquire_link", "decimal", default=Decimal(30), help="Seconds of silence before the SMSC is asked if it is there"),
    Option("reconnect", "decimal", default=Decimal(1), help="Seconds before a second try to connect; doubles up to a minute"),
)
SECRETS = (Option("password", "text", required=True, help="The password to bind with"),)


class Link(NamedTuple):
    """How to reach an SMSC; times in seconds. ``timeout`` bounds connecting and answers; of a submission see Budget."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str
    window: int
    tps: float | None
    tls: bool
    ca_file: str | None
    enquire_link: float
    reconnect: float
    timeout: float


def read(type_class: type[Configurable], options: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict:
    """All options and secrets by name, as values of their kind; BadOption for one that is missing or wrong."""
    values = read_options(type_class, options, secrets)
    plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in values.options.items()}
    return {**plain, **values.secrets}
