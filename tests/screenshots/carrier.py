"""Africa's Talking for pictures: accepts what it is given, and later says what became of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from ..support.fakes import Asked, Behaviour, FakeVendor, answer

Report = Callable[[dict[str, str]], None]
"""Posts a receipt's form to the callback address."""


class Taken(NamedTuple):
    reference: str
    phone: str


class Carrier:
    """``url`` to set the gateway to; `report` tells of what was taken since."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.numbers = count(1)
        self.taken: list[Taken] = []
        self.vendor = FakeVendor()
        self.vendor.on("POST", "/version1/messaging", self._accept)
        self.url = self.vendor.url

    def _accept(self, handler, asked: Asked) -> None:
        new = [
            Taken(f"ATXid_{next(self.numbers):06d}{self.random.randrange(16**8):08x}", phone)
            for phone in asked.form["to"].split(",")
        ]
        self.taken += new
        behave: Behaviour = answer(
            201,
            {
                "SMSMessageData": {
                    "Message": f"Sent to {len(new)}/{len(new)}",
                    "Recipients": [
                        {
                            "statusCode": 101,
                            "number": taken.phone,
                            "status": "Success",
                            "cost": "UGX 25.0000",
                            "messageId": taken.reference,
                        }
                        for taken in new
                    ],
                }
            },
        )
        behave(handler, asked)

    def report(self, post: Report, share: float = 1.0, failing: float = 0.03) -> None:
        """Receipts for a ``share`` of what it took, a few of them failures; the rest stays under way."""
        now, self.taken = self.taken[: round(len(self.taken) * share)], []
        for taken in now:
            failed = self.random.random() < failing
            post(
                {
                    "id": taken.reference,
                    "phoneNumber": taken.phone,
                    "networkCode": "64110",
                    "status": "Failed" if failed else "Success",
                    **({"failureReason": "AbsentSubscriber"} if failed else {}),
                }
            )

    def stop(self) -> None:
        self.vendor.stop()
