"""A message's timeline: what is stored of it with what its row alone tells, its acceptance and its release."""

from __future__ import annotations

import json
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...core.languages import marked
from ...database import Row
from ...database.rows import BatchRow, MessageRow
from ..state.statuses import CANCELLED, DELIVERED, DRIPPING, FAILED, SCHEDULED, UNKNOWN
from . import disclosure, history

TONES = {DELIVERED: "good", FAILED: "bad", CANCELLED: "plain", UNKNOWN: "warn"}
SOURCES = {"portal": marked("Accepted from the dashboard"), "cli": marked("Accepted from the command line")}


EVENTS = {
    "failover": marked("failover"),
    "refunded": marked("refunded"),
    "retried": marked("retried"),
    "resent": marked("resent"),
    "opened": marked("opened"),
    "clicked": marked("clicked"),
    "unsubscribed": marked("unsubscribed"),
    "bounced": marked("bounced"),
    "receipt": marked("receipt"),
    "dripping": marked("dripping"),
}
"""What a line may be called beside a status."""


class Line(NamedTuple):
    """``more`` holds what a gateway said beside it, by name."""

    at: int
    title: str
    detail: str | None
    tone: str
    more: dict[str, str]


def tell(message: MessageRow, batch: BatchRow, *, actor: Actor) -> list[Line]:
    """Oldest first; operators are told what others are not."""
    stored = history.timeline(message, actor=actor)
    lines = [Line(message["created_at"], "accepted", SOURCES.get(batch["api"], marked("Accepted by the API")), "plain", {})]
    if batch["mode"] != "now" and message["status"] not in (SCHEDULED, DRIPPING, CANCELLED):
        # Its release writes no line, there may be a hundred thousand at once: what came next tells when it was.
        at = min([message["due_at"], *(row["at"] for row in stored)])
        lines.append(Line(at, "released", marked("Its time had come"), "plain", {}))
    everything = roles.may(actor, OPERATE)
    return lines + [_line(row, everything) for row in stored]


def _line(row: Row, everything: bool) -> Line:
    if everything:
        detail, more = row["detail"], json.loads(row["meta"]) if row["meta"] else {}
    else:
        detail, more = disclosure.detail(row), disclosure.particulars(row, disclosure.PEOPLE)
    return Line(
        row["at"],
        EVENTS.get(row["event"], row["event"].replace("_", " ")),
        detail,
        TONES.get(row["status"], "plain"),
        {str(name): str(value) for name, value in more.items()},
    )
