"""The sandbox: accepts, refuses and delivers by the last digits of the number (`sandbox_numbers`), and never sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from . import sandbox_numbers
from .base import ACCEPTED, NO_RECEIPT, Outcome, Question, Receipt, SmsGateway, Submission


class Ruled(NamedTuple):
    """What a test has said of a message: one of `sandbox_numbers.OUTCOMES`, and when its receipt comes (None: as usual)."""

    outcome: str
    delay_ms: int | None = None


FindRuled = Callable[[Sequence[str]], Mapping[str, Ruled]]
"""References of messages → what was said of them, where anything was."""


class SandboxGateway(SmsGateway):
    type = "sandbox"
    title = "Sandbox"
    about = "Accepts, refuses and delivers by the last digits of the number. Nothing ever leaves."
    in_process = True
    known_by_number = True
    batch = 150
    can_poll = True

    def __init__(self, name: str = "sandbox", delay_seconds: float = 1.0, find_ruled: FindRuled = lambda references: {}):
        super().__init__(name)
        self.delay_ms = round(delay_seconds * 1000)
        self.find_ruled = find_ruled

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        ruled = self.find_ruled([each.reference for each in submissions])
        return [self._outcome_of(each, ruled.get(each.reference)) for each in submissions]

    def _outcome_of(self, submission: Submission, ruled: Ruled | None) -> Outcome:
        if ruled is None:
            return sandbox_numbers.outcome_of(submission.to, submission.reference, submission.attempt)
        outcome = sandbox_numbers.outcome_of(submission.to, submission.reference, submission.attempt, ruled.outcome)
        first = sandbox_numbers.first_poll_ms(submission.to, self.delay_of(ruled), ruled.outcome)
        return outcome._replace(receipt_ms=NO_RECEIPT if first is None else first) if outcome.kind == ACCEPTED else outcome

    def delay_of(self, ruled: Ruled | None) -> int:
        """Milliseconds until a receipt."""
        return self.delay_ms if ruled is None or ruled.delay_ms is None else ruled.delay_ms

    def first_poll_ms(self, to: str) -> int | None:
        return sandbox_numbers.first_poll_ms(to, self.delay_ms)

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        ruled = self.find_ruled([each.reference for each in questions])
        return [self._receipt_of(each, ruled.get(each.reference)) for each in questions]

    def _receipt_of(self, question: Question, ruled: Ruled | None) -> Receipt | None:
        return sandbox_numbers.receipt_of(
            question.to,
            accepted=question.gateway_ref is not None,
            age_ms=question.age_ms,
            delay_ms=self.delay_of(ruled),
            ruled=ruled.outcome if ruled is not None else None,
        )
