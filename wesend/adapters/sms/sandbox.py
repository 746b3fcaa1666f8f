"""The sandbox: accepts, refuses and delivers by the last digits of the number, and never sends.

It keeps nothing itself: what it does follows from the number, so it gives the same answer after a crash.
"""

from __future__ import annotations

from .base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    NEVER_SENT,
    REFUSED,
    TEMPORARY,
    UNKNOWN,
    Outcome,
    Question,
    Receipt,
    SmsGateway,
    Submission,
)

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


class SandboxGateway(SmsGateway):
    type = "sandbox"
    title = "Sandbox"
    about = "Accepts, refuses and delivers by the last digits of the number. Nothing ever leaves."
    in_process = True
    batch = 150
    can_poll = True

    def __init__(self, name: str = "sandbox", delay_seconds: float = 1.0):
        super().__init__(name)
        self.delay_ms = round(delay_seconds * 1000)

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [self._submit(submission) for submission in submissions]

    @staticmethod
    def _submit(submission: Submission) -> Outcome:
        ending = submission.to[-7:]
        if ending in RULES:
            if ending == TOO_LITTLE_CREDIT:
                return Outcome(REFUSED, code="SMS_CREDIT", text="SMS credit not enough")
            if ending == REFUSES:
                return Outcome(REFUSED, code="REJECTED", text="Refused by the sandbox")
            if ending == HANGS:
                return Outcome(UNKNOWN, code="no_answer", text="The sandbox gave no answer")
            if ending == BUSY_TWICE and submission.attempt <= 2:
                return Outcome(TEMPORARY, code="THROTTLED", text="The sandbox is busy")
        return Outcome(ACCEPTED, gateway_ref="sbx-" + submission.reference)

    def first_poll_ms(self, to: str) -> int | None:
        return None if to[-7:] in (SILENT, HANGS) else self.delay_ms

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        return [self._receipt(question) for question in questions]

    def _receipt(self, question: Question) -> Receipt | None:
        ending = question.to[-7:]
        if ending in (SILENT, HANGS):
            return None
        if question.gateway_ref is None and ending in (TOO_LITTLE_CREDIT, REFUSES, BUSY_TWICE):
            return Receipt(NEVER_SENT, "REJECTED", "Refused by the sandbox")
        if 0 <= question.age_ms < self.delay_ms:  # below zero the clock was set back since, and it is old enough
            return None
        if ending == FAILS_LATER:
            return Receipt(FAILED, "UNDELIV", "Simulated delivery failure (sandbox)")
        return Receipt(DELIVERED, "DELIVRD", "Success (sandbox)")
