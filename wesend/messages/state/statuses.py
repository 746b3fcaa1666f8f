"""A message's statuses and the moves between them: one table that can be read aloud."""

from __future__ import annotations

SCHEDULED, DRIPPING, QUEUED, CLAIMED, SUBMITTING = "scheduled", "dripping", "queued", "claimed", "submitting"
SUBMITTED, SENT, DELIVERED, FAILED, CANCELLED, UNKNOWN = ("submitted", "sent", "delivered", "failed", "cancelled", "unknown")

ALLOWED: dict[str, frozenset[str]] = {
    # What waits fails when it may not leave any more, and by nothing else (`transitions` checks why).
    SCHEDULED: frozenset({QUEUED, CANCELLED, FAILED}),
    DRIPPING: frozenset({QUEUED, CANCELLED, FAILED}),
    QUEUED: frozenset({CLAIMED, SUBMITTING, CANCELLED, FAILED}),
    CLAIMED: frozenset({SUBMITTING, QUEUED}),
    # From submitting a receipt may arrive before our own record of the send.
    SUBMITTING: frozenset({SUBMITTED, SENT, DELIVERED, FAILED, UNKNOWN, QUEUED}),
    UNKNOWN: frozenset({SUBMITTED, SENT, DELIVERED, FAILED}),
    # What its carrier could not deliver may be given to another one (`receipts/resend`).
    SUBMITTED: frozenset({SENT, DELIVERED, FAILED, QUEUED}),
    SENT: frozenset({DELIVERED, FAILED, QUEUED}),
    # Failed by time-out may still be delivered (`transitions` checks the reason); a retry by hand queues it again.
    FAILED: frozenset({DELIVERED, QUEUED}),
    DELIVERED: frozenset(),
    CANCELLED: frozenset(),
}
ALL = tuple(ALLOWED)
NOT_LEFT = frozenset({SCHEDULED, DRIPPING, QUEUED})
FINAL = frozenset({DELIVERED, FAILED, CANCELLED})
WAITING = frozenset({SCHEDULED, DRIPPING, QUEUED, CLAIMED, SUBMITTING})
UNDER_WAY = frozenset({SUBMITTED, SENT, UNKNOWN})

BUCKETS = {status: ("queued" if status in WAITING else "submitted" if status in UNDER_WAY else status) for status in ALL}
"""Status → the batch counter it is counted under."""

LIVE_BULKS = "lane = 1 AND state IN ('intake', 'open', 'cancelling')"
"""The condition of the index over bulks that are not over: SQLite uses it only where it stands word for word."""

HELD, LATE = 2, 3
"""Lanes of small sends that nobody claims: of a suspended account, and past their time when it was resumed."""

HELD_BACK = "lane >= 2 AND status IN ('scheduled', 'dripping', 'queued')"
"""The condition of the index over these, word for word."""

UNACCEPTED = "state IN ('intake', 'rejected')"
"""The condition of the index over bulks that were not accepted, or not yet; to be used word for word, too."""

TIMEOUT = "timeout"
"""The error code of a message whose validity period ran out without a final receipt."""
