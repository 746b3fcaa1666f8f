"""Files in which somebody may stand: lists that wait for their import, and mails that the sandbox caught."""

from __future__ import annotations

from collections.abc import Callable

from ..contacts import uploads
from ..coordination import kept_files
from ..sandbox import handed_in
from .mentions import Mentions
from .person import Person

PIECE = 1 << 20
OVERLAP = 200
"""Bytes that a piece shares with the next one: an address is shorter."""


def erase(person: Person, mentions: Mentions) -> dict[str, int]:
    """A list with the person in it is forgotten as a whole: it is a copy, to be uploaded again without them."""
    counts = {"uploads": 0, "caught_mails": 0}
    for account_id, token in kept_files.names(person.account_id):
        if _names(account_id, token, mentions):
            uploads.forget(account_id, token)
            counts["uploads"] += 1
    if person.account_id is None:  # what the sandbox caught is no account's
        counts["caught_mails"] = handed_in.forget_where(_finder(mentions), person.emails)
    return counts


def _finder(mentions: Mentions) -> Callable[[bytes], bool]:
    return lambda raw: mentions.are_in(raw.decode("utf-8", "replace"))


def _names(account_id: int, token: str, mentions: Mentions) -> bool:
    stream = kept_files.open_kept(account_id, token)
    if stream is None:
        return False
    with stream:
        end = b""
        while piece := stream.read(PIECE):
            if mentions.are_in((end + piece).decode("utf-8", "replace")):
                return True
            end = piece[-OVERLAP:]
    return False
