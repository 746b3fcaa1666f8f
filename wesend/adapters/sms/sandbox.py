"""The sandbox: accepts, refuses and delivers by the last digits of the number (`sandbox_numbers`), and never sends."""

from __future__ import annotations

from . import sandbox_numbers
from .base import Outcome, Question, Receipt, SmsGateway, Submission


class SandboxGateway(SmsGateway):
    type = "sandbox"
    title = "Sandbox"
    about = "Accepts, refuses and delivers by the last digits of the number. Nothing ever leaves."
    in_process = True
    known_by_number = True
    batch = 150
    can_poll = True

    def __init__(self, name: str = "sandbox", delay_seconds: float = 1.0):
        super().__init__(name)
        self.delay_ms = round(delay_seconds * 1000)

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [sandbox_numbers.outcome_of(each.to, each.reference, each.attempt) for each in submissions]

    def first_poll_ms(self, to: str) -> int | None:
        return sandbox_numbers.first_poll_ms(to, self.delay_ms)

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        return [
            sandbox_numbers.receipt_of(each.to, accepted=each.gateway_ref is not None, age_ms=each.age_ms, delay_ms=self.delay_ms)
            for each in questions
        ]
