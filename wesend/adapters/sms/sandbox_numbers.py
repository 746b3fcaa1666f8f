"""What the sandbox does with a number: a rule of its last digits, the same whoever asks and whenever.

Nothing is called and nothing is kept for it: who accepts a message knows what the sandbox will do with it, and it does
the same again after a crash. A test may have said otherwise (``ruled``: one of OUTCOMES): that goes before the digits.
"""

from __future__ import annotations

from ...core.languages import marked
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
    FAILS_LATER: marked("accepted, then failed by receipt (UNDELIV)"),
    TOO_LITTLE_CREDIT: marked(
        "World Ledgers: accepted, then failed (SMS credit not enough); the others answer as if the balance were too low"
    ),
    REFUSES: marked("refused by the gateway at submission"),
    HANGS: marked("the gateway never answers: outcome unknown"),
    SILENT: marked("accepted, no receipt ever"),
    BUSY_TWICE: marked("temporary failure twice, then accepted"),
}
ORDINARY, LOW_BALANCE, SLOW = "", "low_balance", "slow"
OUTCOMES = {
    "delivered": ORDINARY,
    "failed": FAILS_LATER,
    "refused": REFUSES,
    "unknown": HANGS,
    "silent": SILENT,
    "temporary": BUSY_TWICE,
    LOW_BALANCE: TOO_LITTLE_CREDIT,
    SLOW: ORDINARY,
}
"""What a test can ask for → the last digits of a number to which the same happens."""


def ending_of(number: str, ruled: str | None = None) -> str:
    """The last digits by which it is decided what happens."""
    return number[-7:] if ruled is None else OUTCOMES[ruled]


def outcome_of(number: str, reference: str, attempt: int = 1, ruled: str | None = None) -> Outcome:
    """What becomes of a message, ``reference`` being its public id, when it is submitted for the ``attempt``-th time."""
    ending = ending_of(number, ruled)
    if ending in RULES:
        if ending == TOO_LITTLE_CREDIT:
            return Outcome(REFUSED, code="SMS_CREDIT", text="SMS credit not enough")
        if ending == REFUSES:
            return Outcome(REFUSED, code="REJECTED", text=marked("Refused by the gateway (sandbox)"))
        if ending == HANGS:
            return Outcome(UNKNOWN, code="no_answer", text=marked("The gateway gave no answer (sandbox)"))
        if ending == BUSY_TWICE and attempt <= 2:
            return Outcome(TEMPORARY, code="THROTTLED", text=marked("The gateway is busy (sandbox)"))
    return Outcome(ACCEPTED, gateway_ref="sbx-" + reference)


def first_poll_ms(number: str, delay_ms: int, ruled: str | None = None) -> int | None:
    """How long after acceptance its receipt is there; None: there never is one."""
    return None if ending_of(number, ruled) in (SILENT, HANGS) else delay_ms


def receipt_of(number: str, *, accepted: bool, age_ms: int, delay_ms: int, ruled: str | None = None) -> Receipt | None:
    """What is told of a message that was submitted ``age_ms`` ago; None: nothing yet."""
    ending = ending_of(number, ruled)
    if ending in (SILENT, HANGS):
        return None
    if not accepted and ending in (TOO_LITTLE_CREDIT, REFUSES, BUSY_TWICE):
        return Receipt(NEVER_SENT, "REJECTED", marked("Refused by the gateway (sandbox)"))
    if 0 <= age_ms < delay_ms:  # below zero the clock was set back since, and it is old enough
        return None
    if ending == FAILS_LATER:
        return Receipt(FAILED, "UNDELIV", marked("Simulated delivery failure (sandbox)"))
    return Receipt(DELIVERED, "DELIVRD", marked("Success (sandbox)"))
