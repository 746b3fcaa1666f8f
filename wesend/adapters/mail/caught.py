"""E-mail that has nowhere to go: taken, kept with its message, shown by the sandbox."""

from __future__ import annotations

from ..sms.base import ACCEPTED, Outcome, SmsGateway, Submission


class CaughtMail(SmsGateway):
    type = "sandbox-mail"
    title = "Caught mail"
    about = "Keeps e-mail for the sandbox's pages instead of sending it."
    in_process = True
    batch = 100
    delivers_at_once = True

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [Outcome(ACCEPTED, gateway_ref="caught-" + submission.reference) for submission in submissions]
