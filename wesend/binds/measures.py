"""What is counted of SMPP for /metrics: whoever counts says so when the application is made."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ..core.current_app import this_app

NAME = "wesend.binds.measures"


def _nobody(*_: object) -> None:
    """Before anybody counts."""


class Measures:
    """``on_submit(status, seconds)``, ``on_bind_failure(reason)``, ``on_dropped(count)``."""

    def __init__(self) -> None:
        self.on_submit: Callable[[str, float], None] = _nobody
        self.on_bind_failure: Callable[[str], None] = _nobody
        self.on_dropped: Callable[[int], None] = _nobody


def of(app: Flask) -> Measures:
    found: Measures = app.extensions.setdefault(NAME, Measures())
    return found


def here() -> Measures:
    return of(this_app())
