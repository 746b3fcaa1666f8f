"""The options of an `smpp` gateway: what there is, and how the operator's words are read."""

from __future__ import annotations

from typing import NamedTuple

from .pdu import BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER

BINDS = {"transceiver": BIND_TRANSCEIVER, "transmitter": BIND_TRANSMITTER, "receiver": BIND_RECEIVER}


class Option(NamedTuple):
    """One option or secret of a gateway, with what a form shows of it."""

    name: str
    kind: str
    required: bool = False
    default: str | None = None
    help: str = ""


OPTIONS = (
    Option("host", "text", required=True, help="The SMSC's host name or address"),
    Option("port", "int", default="2775", help="Its port; 3550 is usual with TLS"),
    Option("system_id", "text", required=True, help="The name to bind with"),
    Option("system_type", "text", default="", help="Only if the SMSC asks for one"),
    Option("bind", "text", default="transceiver", help="transceiver; transmitter (receipts over a receiver session "
                                                       "of their own); or receiver (nothing is sent)"),
    Option("window", "int", default="10", help="Parts on their way at once, each session"),
    Option("tps", "float", help="Parts a second at most, each session; none: as fast as the window allows"),
    Option("parallel", "int", default="16", help="Submissions at once; together they hold two windows of messages"),
    Option("tls", "bool", default="0", help="1: TLS, with the SMSC's certificate checked"),
    Option("ca_file", "text", help="PEM file of the authority that signed it, if no public one did"),
    Option("payload", "bool", default="0", help="1: a long text goes as message_payload instead of parts"),
    Option("enquire_link", "float", default="30", help="Seconds of silence before the SMSC is asked if it is there"),
    Option("reconnect", "float", default="1", help="Seconds before a second try to connect; doubles up to a minute"),
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


def read(options: dict, secrets: dict) -> dict:
    """All options and secrets by name, as values of their kind; raises ValueError for one that is missing or wrong."""
    found: dict = {}
    for declared, given in ((OPTIONS, options), (SECRETS, secrets)):
        unknown = set(given) - {option.name for option in declared}
        if unknown:
            raise ValueError(f"smpp has no option {', '.join(sorted(unknown))}")
        for option in declared:
            found[option.name] = _value(option, given.get(option.name, option.default))
    if found["bind"] not in BINDS:
        raise ValueError(f"bind is one of {', '.join(BINDS)}")
    return found


def _value(option: Option, text):
    if text is None or text == "":
        if option.required:
            raise ValueError(f"{option.name} is missing")
        return text
    if option.kind == "bool":
        return str(text).lower() in ("1", "true", "yes", "on")
    if option.kind == "text":
        return str(text)
    number = int(text) if option.kind == "int" else float(text)
    if not number > 0:
        raise ValueError(f"{option.name} must be above 0")
    return number
