"""How many in how long: ``5/10m,20/24h`` is at most 5 in ten minutes and 20 in a day, each counted back from now."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core import clock
from ..core.errors import InvalidInput
from ..core.languages import sentence

NONE = "none"
UNITS = {"s": clock.SECOND, "m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY}
WINDOW = re.compile(r"(\d{1,6})/(\d{1,4})([smhd])")
LONGEST_MS = 31 * clock.DAY
MOST = 4
"""Windows of one limit: each costs a look-up a message."""


class Window(NamedTuple):
    """At most ``most`` within any ``ms`` milliseconds; ``length`` as it is written."""

    most: int
    ms: int
    length: str


Windows = tuple[Window, ...]


def parse(text: str, field: str) -> Windows:
    """``5/10m,20/24h`` or ``none``. InvalidInput, which names ``field``."""
    text = text.strip().lower()
    if text in (NONE, ""):
        return ()
    found = tuple(_window(part.strip(), field) for part in text.split(","))
    if len(found) > MOST:
        raise InvalidInput(sentence("At most %(most)s limits, separated by commas", most=MOST), {field: ["Too many"]})
    return found


def _window(text: str, field: str) -> Window:
    read = WINDOW.fullmatch(text)
    if read is not None:
        window = Window(int(read[1]), int(read[2]) * UNITS[read[3]], f"{int(read[2])}{read[3]}")
        if window.most and 0 < window.ms <= LONGEST_MS:
            return window
    raise InvalidInput(
        sentence(
            "%(text)s is no limit like 5/10m or 20/24h: how many, in how many s, m, h or d (at most 31 days)", text=f"{text[:40]!r}"
        ),
        {field: ["Like 5/10m,20/24h"]},
    )


def shown(windows: Windows) -> str | None:
    """As it is stored and shown; None for no limit."""
    return ",".join(f"{window.most}/{window.length}" for window in windows) or None


def read(text: str | None) -> Windows:
    """From a column that `shown` filled."""
    return parse(text, "limit") if text else ()
