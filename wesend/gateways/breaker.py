"""The breaker: a gateway that fails time after time rests for a while, then is tried with one call.

What counts is whether it could be relied on: time-outs and temporary refusals (429 and 503 among them) are failures,
an answer about the message itself, be it a refusal, is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..adapters.sms.base import TEMPORARY, UNKNOWN, Outcome
from ..core import clock
from ..core.languages import Sentence, sentence
from ..database import Reader, Tx, cached, query, query_one, reading

FAILURES = 5  # one after the other, until it rests; triggers know this number, too (migration 0046)
FIRST_REST_MS = 5 * clock.SECOND
LONGEST_REST_MS = 60 * clock.SECOND
KEPT = 500  # characters of what the last failure said


def note_call(tx: Tx, gateway: str, outcomes: Sequence[Outcome]) -> None:
    """One call is one failure, however many messages it carried, and only if none of them fared better."""
    failed = [outcome for outcome in outcomes if outcome.kind in (TEMPORARY, UNKNOWN) and not outcome.works]
    note(
        tx,
        gateway,
        failed=int(len(failed) == len(outcomes)),
        went_well=len(failed) < len(outcomes),
        error=_said(failed[-1])[:KEPT] if failed else None,
    )


def _said(outcome: Outcome) -> str:
    """For operators: what an adapter raised, too."""
    return str((outcome.meta or {}).get("error") or outcome.text or outcome.code or "")


NOTE_FAILURE = """
    INSERT INTO gateway_health AS health (gateway, failures, last_error, last_error_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (gateway) DO UPDATE SET
        failures = health.failures + excluded.failures, last_error = excluded.last_error, last_error_at = excluded.last_error_at
    WHERE health.rests_until IS NULL OR health.rests_until <= excluded.last_error_at
        OR health.rests_until > excluded.last_error_at + ?
"""


def note(tx: Tx, gateway: str, *, failed: int, went_well: bool, error: str | None) -> None:
    """What a call came to: one that brought anything sound ends a series of failures."""
    if went_well:
        tx.run("UPDATE gateway_health SET failures = 0, rests_until = NULL WHERE gateway = ? AND failures > 0", (gateway,))
        return
    if not failed:
        return
    now = clock.now_ms()
    # Calls that were under way when a rest began say nothing new: they don't make it longer.
    counted = tx.changed(NOTE_FAILURE, (gateway, failed, error, now, LONGEST_REST_MS))
    failures = tx.execute("SELECT failures FROM gateway_health WHERE gateway = ?", (gateway,)).fetchone()[0]
    if counted and failures >= FAILURES:
        rest = min(FIRST_REST_MS * 2 ** min(failures - FAILURES, 10), LONGEST_REST_MS)
        tx.execute("UPDATE gateway_health SET rests_until = ? WHERE gateway = ?", (now + rest, gateway))


def has_failed(gateway: str) -> bool:
    """Whether its last call did."""
    return query_one("SELECT 1 FROM gateway_health WHERE gateway = ? AND failures > 0", (gateway,)) is not None


def rests(gateway: str) -> bool:
    """Whether it is left alone now; when its rest is over it is tried again, and one more failure is a longer rest."""
    return gateway in resting()


def is_on_trial(gateway: str) -> bool:
    """Whether it failed until it had to rest, and has not shown since that it works again."""
    return gateway in on_trial()


def on_trial() -> frozenset[str]:
    """Those that rest or are to be tried again: no request waits for them. Whoever joins or leaves them changes the
    configuration (a trigger), so that a send need not ask.
    """
    return cached("gateways-on-trial", _load_on_trial)


def _load_on_trial(reader: Reader) -> frozenset[str]:
    return frozenset(row[0] for row in reader.all("SELECT gateway FROM gateway_health WHERE failures >= ?", (FAILURES,)))


def resting(tx: Tx | None = None) -> frozenset[str]:
    """Those that are left alone now. A rest that would last longer than the longest is of a clock that was set back."""
    now = clock.now_ms()
    return frozenset(
        row[0]
        for row in reading(tx).all(
            "SELECT gateway FROM gateway_health WHERE rests_until > ? AND rests_until <= ?", (now, now + LONGEST_REST_MS)
        )
    )


def problem_of(gateway: str) -> Sentence | None:
    """Why a gateway rests, in words; None when it does not."""
    row = query_one("SELECT * FROM gateway_health WHERE gateway = ? AND failures > 0", (gateway,))
    if row is None or row["failures"] < FAILURES:
        return None
    return sentence(
        "failed %(count)s times in a row, last at %(at)s: %(error)s",
        count=row["failures"],
        at=clock.iso(row["last_error_at"]),
        error=row["last_error"],
    )


class Record(NamedTuple):
    """``failures`` in a row; ``rests_until`` while it rests; what it said when it last failed, however long ago."""

    failures: int
    rests_until: int | None
    last_error: str | None
    last_error_at: int | None


def records() -> dict[str, Record]:
    """What was seen of every gateway that ever failed since it was set up."""
    now = clock.now_ms()
    return {
        row["gateway"]: Record(
            row["failures"],
            row["rests_until"] if now < (row["rests_until"] or 0) <= now + LONGEST_REST_MS else None,
            row["last_error"],
            row["last_error_at"],
        )
        for row in query("SELECT * FROM gateway_health")
    }


def forget(tx: Tx, gateway: str) -> None:
    tx.execute("DELETE FROM gateway_health WHERE gateway = ?", (gateway,))
