"""A send under its account's limits on recent sends: who of its recipients is let through, and where the others stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...core import clock
from ...core.channels import SMS
from ...database import Tx, write
from ...guards import burst_alerts, recent
from ...guards.recent import BURST_LIMIT, Note, Refusal, Watch
from ..state.outgoing import Outgoing
from .compose import Addressee, Composed, Skipped

CHUNK = 200


class Limited(Exception):
    """Some messages of a send, by their places among those that were planned; nothing was written."""

    def __init__(self, refused: dict[int, Refusal]):
        super().__init__("refused by a limit on recent sends")
        self.refused = refused


class Watched:
    """What one send knows of its recipients beyond its messages: how they were given, and at which positions."""

    def __init__(self, watch: Watch, account_id: int, is_sandbox: bool):
        self.watch, self.account_id, self.is_sandbox = watch, account_id, is_sandbox
        self.given: list[str] = []
        self.positions: list[int] = []
        self.worst: Refusal | None = None
        self.kept: list[Note] = []

    def listen(self, addressees: Iterable[Addressee]) -> Iterator[Addressee]:
        for addressee in addressees:
            self.given.append(addressee.given)
            yield addressee

    def part(self, planned: list[Outgoing], refused: dict[int, Refusal]) -> tuple[list[Outgoing], list[Skipped]]:
        """The messages that are left of those planned, and the recipients that are not."""
        out = [self._skip(self.positions[place], planned[place].recipient, why) for place, why in refused.items()]
        self.positions = [position for place, position in enumerate(self.positions) if place not in refused]
        return [message for place, message in enumerate(planned) if place not in refused], out

    def _skip(self, position: int, recipient: str, why: Refusal) -> Skipped:
        if self.worst is None or why.wait_ms > self.worst.wait_ms:
            self.worst = why
        if why.reason == BURST_LIMIT:
            burst_alerts.note(self.account_id, self.is_sandbox, recipient[: recent.ALIKE + 1])
        return Skipped(self.given[position], why.reason, position)

    def admit(
        self, skipped: Iterable[Skipped], planned: Sequence[Outgoing], plan: Iterator[Outgoing | Skipped]
    ) -> Iterator[Outgoing | Skipped]:
        """A send of many, a chunk at a time: what is let through counts at once, before it is paid for (`withdraw`)."""
        yield from skipped
        waiting = list(zip(self.positions, planned, strict=True))
        position = max([*self.positions, *(item.position for item in skipped)], default=-1)
        for item in plan:
            position += 1
            if isinstance(item, Skipped):
                yield item
                continue
            waiting.append((position, item))
            if len(waiting) >= CHUNK:
                yield from self._admitted(waiting)
                waiting = []
        yield from self._admitted(waiting)

    def _admitted(self, waiting: list[tuple[int, Outgoing]]) -> Iterator[Outgoing | Skipped]:
        marks = self.watch.marks(message.recipient for _, message in waiting)

        def unit(tx: Tx) -> tuple[dict[int, Refusal], list[Note]]:
            refused, notes = self.watch.look(tx, marks, clock.now_ms())
            recent.note(tx, notes)
            return refused, notes

        if waiting:
            refused, notes = write(unit)
            self.kept += notes
            for place, (position, message) in enumerate(waiting):
                yield self._skip(position, message.recipient, refused[place]) if place in refused else message

    def withdraw(self) -> None:
        """Nothing of it was sent."""
        recent.withdraw(self.kept)
        self.kept = []


def watched(composed: Composed) -> Watched | None:
    """None where no limit binds the send."""
    if composed.channel != SMS:
        return None
    wallet = composed.wallet
    watch = recent.watch(composed.account, is_sandbox=wallet.is_sandbox)
    return Watched(watch, composed.account.id, wallet.is_sandbox) if watch is not None else None
