"""What the sandbox does with a number: a rule of its last digits, the same whoever asks and whenever.

Nothing is called and nothing is kept for it: who accepts a message knows what the sandbox will do with it, and it does
the same again after a crash.
"""

from __future__ import annotations

from .base import ACCEPTED, DELIVERED, FAILED, NEVER_SENT, REFUSED, TEMPORARY, UNKNOWN, Outcome, Receipt

FAILS_LATER, TOO_LITTLE_CREDIT, REFUSES, HANGS, SILENT, BUSY_TWICE = (
    "0000099",
    "0000088",
    "0000077",
    "0000066",
    "0000055",
    "0000044",
)
RULES = {
    FAILS_LATER: "accepted, then failed by receipt (UNDELIV)",
    TOO_LITTLE_CREDIT: "World Ledgers: accepted, then failed (SMS credit not enough); the others answer as if the "
    "balance were too low",
    REFUSES: "refused by the gateway at submission",
    HANGS: "the gateway never answers: outcome unknown",
    SILENT: "accepted, no receipt ever",
    BUSY_TWICE: "temporary failure twice, then accepted",
}


def outcome_of(number: str, reference: str, attempt: int = 1) -> Outcome:
    """What becomes of a message, ``reference`` being its public id, when it is submitted for the ``attempt``-th time."""
    ending = number[-7:]
    if ending in RULES:
        if ending == TOO_LITTLE_CREDIT:
            return Outcome(REFUSED, code="SMS_CREDIT", text="SMS credit not enough")
        if ending == REFUSES:
            return Outcome(REFUSED, code="REJECTED", text="Refused by the sandbox")
        if ending == HANGS:
            return Outcome(UNKNOWN, code="no_answer", text="The sandbox gave no answer")
        if ending == BUSY_TWICE and attempt <= 2:
            return Outcome(TEMPORARY, code="THROTTLED", text="The sandbox is busy")
    return Outcome(ACCEPTED, gateway_ref="sbx-" + reference)


def first_poll_ms(number: str, delay_ms: int) -> int | None:
    """How long after acceptance its receipt is there; None: there never is one."""
    return None if number[-7:] in (SILENT, HANGS) else delay_ms


def receipt_of(number: str, *, accepted: bool, age_ms: int, delay_ms: int) -> Receipt | None:
    """What is told of a message that was submitted ``age_ms`` ago; None: nothing yet."""
    ending = number[-7:]
    if ending in (SILENT, HANGS):
        return None
    if not accepted and ending in (TOO_LITTLE_CREDIT, REFUSES, BUSY_TWICE):
        return Receipt(NEVER_SENT, "REJECTED", "Refused by the sandbox")
    if 0 <= age_ms < delay_ms:  # below zero the clock was set back since, and it is old enough
        return None
    if ending == FAILS_LATER:
        return Receipt(FAILED, "UNDELIV", "Simulated delivery failure (sandbox)")
    return Receipt(DELIVERED, "DELIVRD", "Success (sandbox)")
