"""Whom a bulk goes to: contact lists, and recipients that stand in the request itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...contacts import audience, groups
from ...contacts.files import EmptyList
from ...core import phones
from ...messages.sending.compose import Addressee
from ..dialect import account, actor, side


def read_audience(data: dict[str, Any], *, personal: bool) -> Iterator[Addressee]:
    """The lists' contacts, then the recipients; a phone once, with the fields of whatever names it first. EmptyList."""
    lists = [groups.get_group(account().id, list_id, side=side(), actor=actor()) for list_id in data["contact_list_ids"] or ()]
    if not any(found["contact_count"] for found in lists) and not data["recipients"]:
        raise EmptyList("The contact lists hold no contacts" if lists else "There is no recipient")
    reader = actor()
    of_lists = (
        Addressee(
            row["phone"], phones.Phone(row["phone"], row["country"]), audience.variables(row, row["columns"]) if personal else None
        )
        for row in audience.iterate(lists, actor=reader)
    )
    # The lists alone give each phone once: a set of half a million would take 60 MB for nothing.
    return _once(of_lists, _inline(data["recipients"], personal=personal)) if data["recipients"] else of_lists


def _inline(recipients: list[dict[str, Any]], *, personal: bool) -> Iterator[Addressee]:
    for given in recipients:
        phone = phones.normalise(given["to"], None)
        known_as = phone.e164 if phone else given["to"]
        yield Addressee(known_as, phone, audience.named(known_as, given["name"], given["vars"] or {}) if personal else None)


def _once(of_lists: Iterator[Addressee], inline: Iterator[Addressee]) -> Iterator[Addressee]:
    seen: set[str] = set()
    for addressees in (of_lists, inline):
        for addressee in addressees:
            key = addressee.phone.e164 if addressee.phone else addressee.given
            if key not in seen:
                seen.add(key)
                yield addressee
