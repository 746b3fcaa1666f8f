"""Forms of an SMS that is no plain text: shown at once on the screen, or bytes in place of a text."""

from __future__ import annotations

from typing import NamedTuple

FLASH = "flash"
_BYTES, _HEADER = "bytes", "udh"


class Bytes(NamedTuple):
    """What is sent in place of a text, which shows it in hex; with its UDH where it has one."""

    data_coding: int
    has_udh: bool

    def form(self) -> str:
        return f"{_BYTES}:{self.data_coding:02x}" + (f":{_HEADER}" if self.has_udh else "")


def read_bytes(form: str | None) -> Bytes | None:
    """None for whatever is a text."""
    if form is None or not form.startswith(_BYTES):
        return None
    _, coding, *rest = form.split(":")
    return Bytes(int(coding, 16), _HEADER in rest)
