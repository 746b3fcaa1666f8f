"""A campaign before it is sent: what it costs, whom it would not reach, and what would be missing in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from ...accounts.roles import Actor
from ...contacts.headers import PEOPLES_HEADERS, PEOPLES_NAMES, plain
from ..sending.compose import Addressee
from ..sending.precheck import Precheck, Priced, precheck
from .gaps import Gap, Gaps, StandIn

BUILT_TWICE = "phone_number"
"""Names the phone as ``phone`` does."""


class Checked(NamedTuple):
    """What a draft would cost and whom it would not reach, the ``gaps`` that it would leave, and what stands in for all."""

    cost: Precheck
    gaps: list[Gap]
    stand_ins: list[StandIn]


def checked(composed: Priced, addressees: Iterable[Addressee], *texts: str, dedupe: bool = True, actor: Actor) -> Checked:
    """Everybody is looked at; nothing is written. ``texts``: all that names fields."""
    gaps = Gaps(*texts)
    cost = precheck(composed, gaps.following(addressees), actor=actor, dedupe=dedupe, reached=gaps.reached)
    return Checked(cost, gaps.found(), gaps.stand_ins())


class Field(NamedTuple):
    """What a text may name. ``groups``: those whose contacts have it, where another group's list spells it otherwise."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return " · ".join(filter(None, (self.name, ", ".join(self.groups))))


SAMPLED = 100
GROUPS_SAMPLED = 10
Part = tuple[str, Iterable[Addressee]]
"""A group's name (empty: of none), and its addressees."""


def fields_of(parts: Iterable[Part]) -> list[Field]:
    """What a text may name of them: the fields of the first hundred of each part, without the phone twice.

    To a text "first name" and "first_name" are two. Both are here only where neither stands for the other: where no contact
    has anything in the one that is not in the other too, the one that more contacts have is enough.
    """
    sampled = [(group, found.values or {}) for group, addressees in parts for found in islice(addressees, SAMPLED)]
    all_values = [values for _group, values in sampled]
    names = dict.fromkeys(name for values in all_values for name in values if not _is_built_in_twice(name, all_values))
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(re.sub(r"[\W_]+", " ", name).strip() or name, []).append(name)
    fields = {}
    for alike in spellings.values():
        needed = _needed(alike, [values for _group, values in sampled]) if len(alike) > 1 else alike
        for name in needed:
            fields[name] = Field(name, _groups_with(name, sampled) if len(needed) > 1 else ())
    return [fields[name] for name in names if name in fields]


def _is_built_in_twice(name: str, sampled: list[Mapping[str, str]]) -> bool:
    """Whether it is the header of the phones' or the names' column, and says what ``phone`` or ``name`` does."""
    if name == BUILT_TWICE:
        return True
    return any(
        name != built_in
        and plain(name) in headers
        and all(values[name] == values.get(built_in) for values in sampled if name in values)
        for built_in, headers in (("phone", PEOPLES_HEADERS), ("name", PEOPLES_NAMES))
    )


def _needed(names: list[str], sampled: list[Mapping[str, str]]) -> list[str]:
    """Those of some names without which something could not be said; of two that say the same, the one of a single word, as
    that which is built in has it."""
    needed = sorted(names, key=lambda name: name.isidentifier())
    for name in list(needed):
        if any(all(values.get(name, "") in ("", values.get(other)) for values in sampled) for other in needed if other != name):
            needed.remove(name)
    return needed


def _groups_with(name: str, sampled: list[tuple[str, Mapping[str, str]]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(group for group, values in sampled if group and values.get(name)))
