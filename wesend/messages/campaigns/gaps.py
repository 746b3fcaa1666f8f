"""What a text names and its readers do not have: told before it is sent, since a message with a gap in it can't be taken back.

A field with a fallback (``{{name|customer}}``) leaves no gap; one that none of the contacts has is told all the same, since it
may be mistyped, and is sent without asking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from ...core import templating
from ..sending.compose import Addressee

SHOWN = 5
"""Recipients that are named of each gap."""
NAMES_KEPT = 500
"""Fields' names among which one is looked for that was meant."""


class Lacking(NamedTuple):
    """Somebody who does not have the field."""

    recipient: str
    name: str


class Gap(NamedTuple):
    """A field that ``count`` of those who get the message do not have; ``is_unknown``: nobody has it, it may be mistyped.

    ``groups``: how many of them stand in which group, by its row id.
    """

    field: str
    is_unknown: bool
    count: int  # type: ignore[assignment]  # a tuple's count() is of no use here
    first: list[Lacking]
    groups: dict[int, int]
    meant: str | None


class StandIn(NamedTuple):
    """A field that nobody has, and what all ``count`` of them get in its place."""

    field: str
    fallback: str
    count: int  # type: ignore[assignment]  # as of a gap
    meant: str | None


class Gaps:
    """Looks at everybody who gets a message of some texts (a subject and a body, say). ``following`` goes around the
    addressees, ``reached`` is called for those who get it."""

    def __init__(self, *texts: str):
        named = list(dict.fromkeys(one for text in texts for one in templating.placeholders(text)))
        self.fields = list(dict.fromkeys(one.field for one in named if not one.fallback))
        self.fallbacks = {one.field: one.fallback for one in named if one.fallback}
        self.latest: Addressee | None = None
        self.count = 0
        self.lacking: dict[str, list[Lacking]] = {field: [] for field in self.fields}
        self.counts: Counter[str] = Counter()
        self.groups: dict[str, Counter[int]] = {field: Counter() for field in self.fields}
        self.known: set[str] = set()

    def following(self, addressees: Iterable[Addressee]) -> Iterator[Addressee]:
        for self.latest in addressees:
            yield self.latest

    def reached(self) -> None:
        """The latest one gets the message."""
        assert self.latest is not None
        self.count += 1
        values = self.latest.values or {}
        if len(self.known) < NAMES_KEPT:
            self.known.update(values)
        for field in self.fields:
            if not values.get(field):
                self._note(field, self.latest, values)

    def _note(self, field: str, addressee: Addressee, values: Mapping[str, str]) -> None:
        self.counts[field] += 1
        if addressee.group_id is not None:
            self.groups[field][addressee.group_id] += 1
        if len(self.lacking[field]) < SHOWN:
            recipient = addressee.phone.e164 if addressee.phone else addressee.given
            self.lacking[field].append(Lacking(recipient, values.get("name", "")))

    def found(self) -> list[Gap]:
        """In the order in which the text names them."""
        return [
            Gap(
                field,
                field not in self.known,
                self.counts[field],
                self.lacking[field],
                dict(self.groups[field]),
                self._meant(field) if field not in self.known else None,
            )
            for field in self.fields
            if self.counts[field]
        ]

    def stand_ins(self) -> list[StandIn]:
        """Of contacts alone: numbers that stand in no group have no fields, which is what fallbacks are for."""
        if "name" not in self.known:
            return []
        return [
            StandIn(field, fallback, self.count, self._meant(field))
            for field, fallback in self.fallbacks.items()
            if field not in self.known
        ]

    def _meant(self, field: str) -> str | None:
        """The field that is named most like it."""
        return next(iter(get_close_matches(field, self.known - {"phone_number"}, n=1, cutoff=0.6)), None)


def without_fallback(text: str) -> list[str]:
    """The fields that a text names and writes nothing in the place of: what goes to numbers that stand in no group has a gap
    at each."""
    return [one.field for one in templating.placeholders(text) if not one.fallback]
