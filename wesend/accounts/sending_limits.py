"""What bounds an account's sending: how much a day, how many to one number and to numbers alike, and when campaigns rest."""

from __future__ import annotations

from typing import NamedTuple

from ..core import money
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Row
from . import quiet_hours, windows
from .quiet_hours import QuietHours
from .windows import Windows

NONE = "none"


class SendingLimits(NamedTuple):
    """``daily_micros``: of each currency of its wallets; the windows: none without a limit."""

    daily_micros: int | None = None
    recipient: Windows = ()
    burst: Windows = ()
    quiet: QuietHours | None = None

    def shown(self) -> dict[str, str | None]:
        """As --json tells them, by the names of their columns and options."""
        return {
            "daily_limit": None if self.daily_micros is None else money.text(self.daily_micros),
            "recipient_limit": windows.shown(self.recipient),
            "burst_limit": windows.shown(self.burst),
            "quiet_hours": None if self.quiet is None else str(self.quiet),
        }

    def changed(
        self, daily: str | None = None, recipient: str | None = None, burst: str | None = None, quiet: str | None = None
    ) -> SendingLimits:
        """With what was given, each as it is written (``none`` takes it away); None stays as it is. InvalidInput."""
        return SendingLimits(
            self.daily_micros if daily is None else parse_daily(daily),
            self.recipient if recipient is None else windows.parse(recipient, "recipient_limit"),
            self.burst if burst is None else windows.parse(burst, "burst_limit"),
            self.quiet if quiet is None else quiet_hours.parse(quiet),
        )


def parse_daily(text: str) -> int | None:
    """``50000`` or ``none`` → micro-units. InvalidInput."""
    text = text.strip().lower().replace(",", "")
    if text in (NONE, ""):
        return None
    try:
        micros = money.to_micros(text)
    except ValueError as error:
        raise InvalidInput(
            sentence("A daily limit is an amount like 50000, or none: %(error)s", error=error), {"daily_limit": ["Not an amount"]}
        ) from None
    if micros <= 0:
        raise InvalidInput("A daily limit is above zero, or none", {"daily_limit": ["Not above zero"]})
    return micros


def read(row: Row) -> SendingLimits:
    """From an account's row."""
    return SendingLimits(
        row["daily_limit_micros"],
        windows.read(row["recipient_limit"]),
        windows.read(row["burst_limit"]),
        quiet_hours.read(row["quiet_hours"]),
    )
