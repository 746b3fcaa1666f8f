"""When each message of a send is due, and until when it is worth sending: its options, and its account's quiet hours."""

from __future__ import annotations

from typing import Any

from ...accounts.quiet_hours import QuietHours
from ...accounts.service import AccountInfo
from ...core import clock, countries
from .options import Options


class Timing:
    """Of one send, which begins at ``now``; messages are asked for in their order. ``valid_for`` in seconds."""

    def __init__(self, options: Options, account: AccountInfo, valid_for: int | None, now: int):
        self.options, self.now, self.valid_ms = options, now, valid_for and valid_for * clock.SECOND
        self.quiet = account.limits.quiet if options.keeps_quiet else None
        self.account = account
        self.awake: dict[str, _Awake] = {}

    def of(self, index: int, country: str | None) -> dict[str, Any]:
        """``due_at`` and ``valid_until`` of a message, by its place in the send and its recipient's country."""
        due = self.options.due_at(index, self.now)
        if self.quiet is not None:
            due = self._awake(self.quiet, zone_of(country, self.account)).at(self.options.mode == "drip", due)
        return {"due_at": due, "valid_until": None if self.valid_ms is None else due + self.valid_ms}

    def _awake(self, quiet: QuietHours, zone: str) -> _Awake:
        if zone not in self.awake:
            self.awake[zone] = _Awake(quiet, zone, self.now)
        return self.awake[zone]


class _Awake:
    """The time of a zone without its quiet hours. A drip stands still in them, and goes on at its pace afterwards."""

    def __init__(self, quiet: QuietHours, zone: str, now: int):
        self.quiet, self.zone = quiet, zone
        self.behind = 0  # milliseconds of quiet that the drip has waited so far
        self.begins = self.ends = now  # of the stretch without quiet that was looked at last
        self._next(now)

    def _next(self, at: int) -> None:
        end = self.quiet.end_after(at, self.zone)
        if end is not None:
            self.behind += end - at
            at = end
        self.begins, self.ends = at, self.quiet.begin_after(at, self.zone)

    def at(self, is_drip: bool, due: int) -> int:
        if not is_drip:
            return self.quiet.end_after(due, self.zone) or due
        while due + self.behind >= self.ends:
            self._next(self.ends)
        return due + self.behind


def zone_of(country: str | None, account: AccountInfo) -> str:
    """Where a recipient's clocks are: its country's main zone; its account's, for a number of no country."""
    return countries.main_zone(country) or account.time_zone
