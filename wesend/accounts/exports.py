"""Files that are streamed to whoever may read them: half of the threads at most, and each in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from ..core import thread_slots
from . import audit_log
from .roles import Actor

Piece = TypeVar("Piece", str, bytes)


class Stream(Generic[Piece]):
    """The pieces of a file, and the thread that streams them, which is free again when they are over, or the client is gone."""

    def __init__(self, pieces: Iterator[Piece], held: thread_slots.Held):
        self.pieces: Iterator[Piece] = pieces
        self.held = held

    def __iter__(self) -> Iterator[Piece]:
        try:
            yield from self.pieces
        finally:
            self.held.release()

    def close(self) -> None:
        """By the server, when it is done with the answer: also where nothing of it was asked for (HEAD)."""
        self.held.release()


def start(
    pieces: Iterator[Piece], *, actor: Actor, subject: str, account_id: int | None, detail: str | None, action: str = "export"
) -> Stream[Piece]:
    """Stream ``pieces``; TooManyExports, of which the log knows nothing."""
    with thread_slots.held_for_export() as held:
        audit_log.note(actor=actor, action=action, subject=subject, account_id=account_id, detail=detail)
        return Stream(pieces, held)
