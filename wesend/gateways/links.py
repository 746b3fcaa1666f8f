"""Gateways that keep a connection open (SMPP): why it is down, told to whoever looks from another process.

What counts for the breaker are calls; an SMSC that refuses to be connected to shows here before anything was sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..adapters.sms.base import SmsGateway
from ..core import clock
from ..core.languages import Sentence, sentence
from ..database import Tx, query, query_one, write

KEPT = 300  # characters


def look(gateways: Iterable[SmsGateway]) -> None:
    """Note what has changed with these gateways' connections, which this process keeps."""
    noted = {row["gateway"]: row["link_trouble"] for row in query("SELECT gateway, link_trouble FROM gateway_health")}
    for gateway in gateways:
        trouble = gateway.link_trouble and gateway.link_trouble[:KEPT]
        if trouble != noted.get(gateway.name):
            _note(gateway.name, trouble)


NOTE_TROUBLE = """
    INSERT INTO gateway_health (gateway, link_trouble, link_trouble_at) VALUES (?, ?, ?)
    ON CONFLICT (gateway) DO UPDATE SET link_trouble = excluded.link_trouble, link_trouble_at = excluded.link_trouble_at
    WHERE coalesce(gateway_health.link_trouble, '') <> coalesce(excluded.link_trouble, '')
"""


def _note(name: str, trouble: str | None) -> None:
    def unit(tx: Tx) -> None:
        tx.execute(NOTE_TROUBLE, (name, trouble, clock.now_ms() if trouble else None))

    write(unit)


def problem_of(gateway: str) -> Sentence | None:
    """Why a gateway's connection is down, in words; None when it is up, or needs none."""
    row = query_one(
        "SELECT link_trouble, link_trouble_at FROM gateway_health WHERE gateway = ? AND link_trouble IS NOT NULL", (gateway,)
    )
    if row is None:
        return None
    return sentence("is not connected since %(at)s: %(error)s", at=clock.iso(row["link_trouble_at"]), error=row["link_trouble"])
