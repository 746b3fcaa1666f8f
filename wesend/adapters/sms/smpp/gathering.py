"""When it is worth waiting for more of what an SMSC delivers: a commit costs nearly as much for one receipt as for ten."""

from __future__ import annotations

WAIT = 0.01
"""Seconds in which those that follow each other closely are gathered."""
IN_VAIN = 3  # waits in a row that brought nothing, after which
WITHOUT = 50  # groups are taken as they are: an SMSC whose window is full sends nothing more before it is answered


class Gathering:
    """Of one session's deliveries. An SMSC with a window of one never has two on their way, and is never kept waiting."""

    def __init__(self) -> None:
        self._are_close = False
        self._in_vain = 0
        self._without = 0

    def is_worth_it(self, size: int) -> bool:
        """Whether to wait for more before a group is handed over; ``size``: how many it has."""
        if self._without:
            self._without -= 1
            return False
        return size > 1 or self._are_close

    def waited(self, came: int) -> None:
        """How many a wait has brought."""
        self._in_vain = 0 if came else self._in_vain + 1
        if self._in_vain == IN_VAIN:
            self._in_vain, self._without = 0, WITHOUT

    def done(self, size: int) -> None:
        """How many a group came to."""
        self._are_close = size > 1
