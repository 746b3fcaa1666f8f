"""What a ledger entry is for, in the reader's language. It is written in English, once and for all, and files and APIs have it so:
a page knows the sentences that wesend writes, and shows what a person wrote as it is.
"""

from __future__ import annotations

import re

from ..core.languages import gettext as _
from ..core.languages import ngettext, told
from . import stored_sentences
from .filters import country, number

BY_HAND = ("manual_credit", "manual_debit")
"""Kinds whose description is somebody's note, or the kind's own name where there is none."""


def _messages(found: re.Match[str]) -> str:
    count = int(found["count"])
    return ngettext("%(count)s message", "%(count)s messages", count, count=number(count))


SENTENCES = stored_sentences.known(
    (r"(?P<count>\d+) messages?", _messages),
    (r"Top-up of (?P<amount>\S+ \S+) from (?P<phone>\S+)", lambda of: _("Top-up of %(amount)s from %(phone)s", **of.groupdict())),
    (r"Retry of (?P<message>\S+)", lambda of: _("Retry of %(message)s", **of.groupdict())),
    (
        r"Refund of (?P<message>\S+): (?P<why>.*)",
        lambda of: _("Refund of %(message)s: %(why)s", message=of["message"], why=told(of["why"])),
    ),
    (r"Cancelled: (?P<name>.*)", lambda of: _("Cancelled: %(name)s", **of.groupdict())),
    (
        r"Undone: batch (?P<batch>\S+) was not taken in whole",
        lambda of: _("Undone: %(batch)s was not taken in whole", **of.groupdict()),
    ),
    (
        r"Setup of (?P<what>.*) in (?P<country>[A-Z]{2})",
        lambda of: _("Setup of %(what)s in %(country)s", what=told(of["what"]), country=country(of["country"])),
    ),
    (
        r"Month (?P<number>\d+) of (?P<what>.*) in (?P<country>[A-Z]{2})",
        lambda of: _(
            "Month %(number)s of %(what)s in %(country)s",
            number=of["number"],
            what=told(of["what"]),
            country=country(of["country"]),
        ),
    ),
    (r"Incoming message", lambda _of: _("Incoming message")),
    (r"Sandbox reset", lambda _of: _("Sandbox reset")),
)


def entry_words(description: str, kind: str = "") -> str | None:
    """None: it is somebody's own words, or of a later version; to be shown as it is."""
    if kind in BY_HAND:
        return "" if description == kind.replace("_", " ") else None
    return stored_sentences.told(description, SENTENCES)
