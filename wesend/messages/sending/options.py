"""What a send is besides its messages: where it comes from, when it goes out, and as what."""

from __future__ import annotations

from typing import NamedTuple

from ...accounts.idempotency import Claim
from ...accounts.spending import Limit
from ..state.statuses import DRIPPING, QUEUED, SCHEDULED


class Origin(NamedTuple):
    """Where a send comes from: the dialect (or ``portal``, ``cli``), its key, the idempotency claim it holds.

    ``namespace``: in which part of the sandbox's inbox it is caught.

    ``batch_uid``: the id that the batch is to have, fixed before a form is shown, so that the form sends once.
    """

    api: str
    api_key_id: int | None = None
    claim: Claim | None = None
    batch_uid: str | None = None
    daily_limit_micros: int | None = None
    """What the key may send in a day."""
    valid_for: int | None = None
    """Of the key: for sends that say nothing of it."""
    namespace: str | None = None
    spending: Limit | None = None
    """What whoever sends it by hand may spend."""


class Options(NamedTuple):
    """When and as what a send goes out. ``drip_rate`` in messages a minute; ``valid_for``: seconds from when it is due.

    ``keeps_quiet``: it waits for the account's quiet hours to be over.
    """

    mode: str = "now"
    scheduled_at: int | None = None
    drip_rate: int | None = None
    reference: str | None = None
    group_id: int | None = None
    valid_for: int | None = None
    keeps_quiet: bool = False

    def due_at(self, index: int, now: int) -> int:
        if self.mode == "drip" and self.drip_rate:
            return now + index * 60_000 // self.drip_rate
        return self.scheduled_at if self.scheduled_at is not None else now

    @property
    def first_status(self) -> str:
        return {"scheduled": SCHEDULED, "drip": DRIPPING}.get(self.mode, QUEUED)
