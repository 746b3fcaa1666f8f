"""How pages write figures, money and times."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from jinja2 import pass_context
from markupsafe import Markup

from ..core import clock, countries, languages, money
from ..core.languages import gettext, ngettext, told
from ..core.languages import marked as _
from ..wallets.service import called
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
DISTANCES = {
    clock.DAY: (_("%(count)s d ago"), _("in %(count)s d")),
    clock.HOUR: (_("%(count)s h ago"), _("in %(count)s h")),
    clock.MINUTE: (_("%(count)s min ago"), _("in %(count)s min")),
}
"""From the largest unit: behind us, and ahead."""
WORDS = {
    "accepted": _("accepted"),
    "active": _("active"),
    "approved": _("approved"),
    "canceled": _("cancelled"),
    "cancelled": _("cancelled"),
    "claimed": _("queued"),
    "closed": _("closed"),
    "completed": _("completed"),
    "delivered": _("delivered"),
    "disabled": _("switched off"),
    "done": _("done"),
    "draft": _("draft"),
    "error": _("error"),
    "exhausted": _("given up"),
    "expired": _("expired"),
    "failed": _("failed"),
    "failing": _("failing"),
    "finished": _("finished"),
    "held": _("held"),
    "invited": _("invited"),
    "missing": _("missing"),
    "new": _("new"),
    "off": _("off"),
    "ok": _("ok"),
    "on": _("on"),
    "on trial": _("on trial"),
    "open": _("open"),
    "past_due": _("past due"),
    "paused": _("paused"),
    "pending": _("pending"),
    "processing": _("processing"),
    "queued": _("queued"),
    "ready": _("ready"),
    "rejected": _("rejected"),
    "released": _("released"),
    "requested": _("requested"),
    "rests": _("rests"),
    "revoked": _("revoked"),
    "running": _("running"),
    "sandbox": _("sandbox"),
    "scheduled": _("scheduled"),
    "sending": _("sending"),
    "sent": _("sent"),
    "submitted": _("submitted"),
    "submitting": _("submitting"),
    "successful": _("successful"),
    "suspended": _("suspended"),
    "unknown": _("unknown"),
    "unusable": _("can't be used"),
    "waiting": _("waiting"),
    "warning": _("warning"),
    "works": _("works"),
}
"""Statuses of everything that has one, as pages say them."""


def number(value: float) -> str:
    """``12,345``; at most one decimal."""
    if languages.current() != languages.DEFAULT:
        from babel.numbers import format_decimal

        return format_decimal(value, format="#,##0.#", locale=languages.current())
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
    text = _figure(abs(micros))
    sign = "−" if micros < 0 else "+" if signed and micros > 0 else ""
    if currency == money.CREDITS:
        count = 1 if abs(micros) == money.to_micros(1) else 2
        return sign + ngettext("%(text)s credit", "%(text)s credits", count, text=text)
    if currency and not _is_code_first():
        return f"{sign}{text} {currency}"
    return f"{sign}{currency} {text}" if currency else f"{sign}{text}"


def _figure(micros: int) -> str:
    text = money.text(micros)
    whole, _point, fraction = text.partition(".")
    if languages.current() != languages.DEFAULT:
        from babel.numbers import format_decimal

        cut = Decimal(f"{whole}.{fraction[:4]}" if fraction else whole)
        return format_decimal(cut, format="#,##0.00##" if fraction else "#,##0", locale=languages.current())
    return f"{int(whole):,}" + (f".{fraction[:4]:<02}".replace(" ", "0") if fraction else "")


def _is_code_first() -> bool:
    """Whether the language writes a currency before its amount, as English and Swahili do."""
    if languages.current() == languages.DEFAULT:
        return True
    from babel import Locale

    return str(Locale.parse(languages.current()).currency_formats["standard"].pattern).startswith("¤")


def plain_amount(micros: int) -> str:
    """As it is typed into a field: ``1234.5``."""
    return money.text(micros)


def _zone() -> str:
    account = current_account.account_or_none()
    return account.time_zone if account else "UTC"


def _moment(ms: int) -> datetime:
    return clock.to_datetime(ms).astimezone(clock.zone(_zone()))


def _date(moment: date, *, with_year: bool = False) -> str:
    if languages.current() != languages.DEFAULT:
        from babel.dates import format_skeleton

        return format_skeleton("yMMMd" if with_year else "MMMd", moment, locale=languages.current())
    return f"{moment.day} {moment:%b}" + (f" {moment.year}" if with_year else "")


def when(ms: int | None, empty: str = _("never")) -> Markup:
    """``20 Nov, 15:04`` as clocks of the account's zone show it; the year when it is another one."""
    if ms is None:
        return Markup('<span class="muted">{}</span>').format(told(empty))
    moment, today = _moment(ms), _moment(clock.now_ms())
    shown = f"{_date(moment, with_year=moment.year != today.year)}, {moment:%H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.iso(ms), f"{moment:%Y-%m-%d %H:%M:%S} {_zone()}", shown)


def ago(ms: int | None, empty: str = _("never")) -> Markup:
    """``3 min ago``, ``in 2 h``; the full time on hovering."""
    if ms is None:
        return Markup('<span class="muted">{}</span>').format(told(empty))
    gap = clock.now_ms() - ms
    shown = f"{_moment(ms):%Y-%m-%d %H:%M:%S} {_zone()}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(clock.iso(ms), shown, _distance(gap))


def _distance(gap: int) -> str:
    unit = next((unit for unit in DISTANCES if abs(gap) >= unit), None)
    if unit is None:
        return gettext("just now") if gap >= 0 else gettext("in a moment")
    return gettext(DISTANCES[unit][gap < 0], count=abs(gap) // unit)


def until(ms: int) -> Markup:
    """``until 15:04:05``: what ends within minutes, to the second."""
    moment = clock.to_datetime(ms).astimezone(clock.zone(_zone()))
    time = Markup('<time datetime="{}">{}</time>').format(clock.iso(ms), f"{moment:%H:%M:%S}")
    return Markup(gettext("until %(time)s", time=time))


def day(text: str) -> str:
    """``2026-11-20`` → ``20 Nov``."""
    return _date(clock.to_datetime(clock.parse_iso(text)))


def country(code: str | None) -> str:
    if not code:
        return "–"
    if languages.current() != languages.DEFAULT:
        from babel import Locale

        return Locale.parse(languages.current()).territories.get(code) or countries.name(code)
    return countries.name(code)


def wallet_name(uid: str, name: str | None, currency: str, *, tells_currency: bool = False) -> str:
    """What people call a wallet. ``tells_currency``: before its name, too."""
    return f"{currency} · {name}" if name and tells_currency else told(called(uid, name, currency))


def status(name: str, label: str | None = None) -> Markup:
    """A pill with a dot; the word says what the colour does."""
    return Markup('<span class="pill {}">{}</span>').format(
        STATUS_TONES.get(name, "plain"), told(label or WORDS.get(name, name.replace("_", " ")))
    )


def _at_run_time(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja carries out a filter of constants when it compiles a template: in the language of whoever came first."""

    @pass_context
    def carried_out(_context: object, *values: Any, **options: Any) -> Any:
        return filter_(*values, **options)

    return carried_out


def init_app(app: Flask) -> None:
    in_a_language = (number, amount, when, ago, day, country, status, until, told, wallet_name)
    app.jinja_env.filters.update({filter_.__name__: _at_run_time(filter_) for filter_ in in_a_language})
    app.jinja_env.filters.update(plain_amount=plain_amount, size=size, from_json=json.loads)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
