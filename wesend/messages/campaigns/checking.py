"""A campaign before it is sent: what it costs, whom it would not reach, and what would be missing in it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from ...accounts.roles import Actor
from ..sending.compose import Addressee
from ..sending.precheck import Precheck, Priced, precheck
from .gaps import Gap, Gaps

BUILT_TWICE = "phone_number"
"""Names the phone as ``phone`` does."""


class Checked(NamedTuple):
    """What a draft would cost and whom it would not reach, and the ``gaps`` that it would leave."""

    cost: Precheck
    gaps: list[Gap]


def checked(composed: Priced, addressees: Iterable[Addressee], *texts: str, dedupe: bool = True, actor: Actor) -> Checked:
    """Everybody is looked at; nothing is written. ``texts``: all that names fields."""
    gaps = Gaps(*texts)
    cost = precheck(composed, gaps.following(addressees), actor=actor, dedupe=dedupe, reached=gaps.reached)
    return Checked(cost, gaps.found())


def fields_of(addressees: Iterable[Addressee]) -> list[str]:
    """What a text may name of them: the fields of the first hundred, without the phone twice."""
    names: dict[str, None] = {}
    for found in islice(addressees, 100):
        names.update(dict.fromkeys(found.values or {}))
    return [name for name in names if name != BUILT_TWICE]
