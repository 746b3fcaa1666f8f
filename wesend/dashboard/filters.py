"""How pages write figures, money and times."""

from __future__ import annotations

import json

from flask import Flask
from markupsafe import Markup

from ..core import clock, countries, money
from . import current_account

STATUS_TONES = {
    "delivered": "good",
    "successful": "good",
    "active": "good",
    "approved": "good",
    "on": "good",
    "finished": "good",
    "ok": "good",
    "failed": "bad",
    "exhausted": "bad",
    "rejected": "bad",
    "suspended": "bad",
    "disabled": "bad",
    "expired": "bad",
    "revoked": "bad",
    "off": "plain",
    "cancelled": "plain",
    "canceled": "plain",
    "unknown": "warn",
    "pending": "warn",
    "past_due": "warn",
    "works": "good",
    "rests": "warn",
    "on trial": "warn",
    "unusable": "bad",
    "paused": "warn",
    "failing": "warn",
    "sandbox": "plain",
}
WORDS = {"exhausted": "given up", "unusable": "can't be used", "submitting": "submitting", "claimed": "queued"}


def number(value: float) -> str:
    """``12,345``; at most one decimal."""
    return f"{value:,.1f}".removesuffix(".0") if isinstance(value, float) else f"{value:,}"


def size(count: int) -> str:
    """``12.4 MB`` of bytes, in steps of a thousand as file managers show them."""
    if count < 1000:
        return f"{count} B"
    units = ("kB", "MB", "GB", "TB")
    step = next((step for step in range(len(units)) if count < 999_950 * 1000**step), len(units) - 1)
    return f"{count / 1000 ** (step + 1):,.1f} {units[step]}"


def amount(micros: int | None, currency: str | None = None, *, signed: bool = False) -> str:
    """``UGX 12,345.50``; credits as ``12 credits``. Up to 4 decimals, at least 2 when there is a fraction."""
    if micros is None:
        return "–"
    whole, _, fraction = money.text(abs(micros)).partition(".")
    text = f"{int(whole):,}" + (f".{fraction[:4]:<02}".replace(" ", "0") if fraction else "")
    sign = "−" if micros < 0 else "+" if signed and micros > 0 else ""
    if currency == money.CREDITS:
        return f"{sign}{text} {'credit' if text == '1' else 'credits'}"
    return f"{sign}{currency} {text}" if currency else f"{sign}{text}"


def plain_amount(micros: int) -> str:
    """As it is typed into a field: ``1234.5``."""
    return money.text(micros)


def _zone() -> str:
    account = current_account.account_or_none()
    return account.time_zone if account else "UTC"


def when(ms: int | None, empty: str = "never") -> Markup:
    """``20 Nov, 15:04`` as clocks of the account's zone show it; the year when it is another one."""
    if ms is None:
        return Markup('<span class="muted">{}</span>').format(empty)
    moment, today = (clock.to_datetime(value).astimezone(clock.zone(_zone())) for value in (ms, clock.now_ms()))
    shown = f"{moment.day} {moment:%b}" + ("" if moment.year == today.year else f" {moment.year}") + f", {moment:%H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.iso(ms), f"{moment:%Y-%m-%d %H:%M:%S} {_zone()}", shown)


def ago(ms: int | None, empty: str = "never") -> Markup:
    """``3 min ago``, ``in 2 h``; the full time on hovering."""
    if ms is None:
        return Markup('<span class="muted">{}</span>').format(empty)
    gap = clock.now_ms() - ms
    size = abs(gap)
    text = next(
        (f"{size // unit} {name}" for unit, name in ((clock.DAY, "d"), (clock.HOUR, "h"), (clock.MINUTE, "min")) if size >= unit),
        None,
    )
    shown = (
        "just now"
        if text is None and gap >= 0
        else "in a moment"
        if text is None
        else (f"{text} ago" if gap >= 0 else f"in {text}")
    )
    moment = clock.to_datetime(ms).astimezone(clock.zone(_zone()))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.iso(ms), f"{moment:%Y-%m-%d %H:%M:%S} {_zone()}", shown)


def until(ms: int) -> Markup:
    """``until 15:04:05``: what ends within minutes, to the second."""
    moment = clock.to_datetime(ms).astimezone(clock.zone(_zone()))
    return Markup('until <time datetime="{}">{}</time>').format(clock.iso(ms), f"{moment:%H:%M:%S}")


def day(text: str) -> str:
    """``2026-11-20`` → ``20 Nov``."""
    moment = clock.to_datetime(clock.parse_iso(text))
    return f"{moment.day} {moment:%b}"


def country(code: str | None) -> str:
    return countries.name(code) if code else "–"


def status(name: str, label: str | None = None) -> Markup:
    """A pill with a dot; the word says what the colour does."""
    return Markup('<span class="pill {}">{}</span>').format(
        STATUS_TONES.get(name, "plain"), label or WORDS.get(name, name.replace("_", " "))
    )


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        number=number,
        amount=amount,
        plain_amount=plain_amount,
        when=when,
        ago=ago,
        day=day,
        country=country,
        status=status,
        until=until,
        size=size,
        from_json=json.loads,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
