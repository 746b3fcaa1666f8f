"""wesend with a sandbox gateway that is called over a wire, so to speak: outside of any transaction, taking its time,
and noting every message that it was given in a file, which no kill of wesend takes back. A program of its own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from wesend.adapters.sms.base import DELIVERED, Outcome, Question, Receipt, Submission
from wesend.adapters.sms.sandbox import SandboxGateway
from wesend.cli import main
from wesend.gateways import registry

JOURNAL = "gateway.journal"
TAKES = 0.004  # seconds an answer takes: most kills find something on its way


def journal() -> Path:
    return Path(os.environ["WESEND_INSTANCE"]) / JOURNAL


class RecordingGateway(SandboxGateway):
    in_process = known_by_number = False
    batch = 5
    parallel = 4

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        for submission in submissions:
            descriptor = os.open(journal(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(descriptor, f"{submission.reference}\n".encode())
            os.close(descriptor)
        time.sleep(TAKES)
        return super().submit(submissions)

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        """It knows what it was given, and nothing of what it was not."""
        given = set(journal().read_text().split()) if journal().exists() else set()
        return [Receipt(DELIVERED, "DELIVRD") if question.reference in given else None for question in questions]


if __name__ == "__main__":
    registry.SandboxGateway = RecordingGateway  # type: ignore[misc]
    main(["up"])
