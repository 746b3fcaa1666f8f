"""The sessions that all processes together keep with an SMSC: no more than a gateway's ``binds``.

Who runs the jobs always finds room for the sessions that it needs, since dispatch and receipts depend on them; what is left of
them is for the others, who queue what they can't send themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from . import call_slots
from .leadership import TERM

GiveBack = Callable[[], None]


def take(app: Flask, gateway: str, binds: int, needed: int) -> GiveBack | None:
    """Room for one session; None while others have it all. ``needed``: sessions of the process that runs the jobs."""
    term = app.extensions.get(TERM)
    usable = binds if term is not None and term.holds() else binds - needed
    if usable <= 0:
        return None
    with app.app_context():
        slot = call_slots.take_of(f"{gateway}.binds", usable)
    if slot is None:
        return None

    def give_back() -> None:
        with app.app_context():
            slot.give_back()

    return give_back
