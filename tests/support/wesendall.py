"""What the tests of Wesendall's sends share: numbers by their endings, and what a send or a group needs."""

from __future__ import annotations

import json
from decimal import Decimal

from .apis import Wesendall

ANN, BEN, CHEBET = "+256712345678", "+256772345678", "+254712345678"
REFUSED, LOW, HANGS, SILENT, BUSY, FAILS = (
    f"070{ending}" for ending in ("0000077", "0000088", "0000066", "0000055", "0000044", "0000099")
)


def data_of(answer) -> dict:
    """What a successful send says, numbers as Decimals."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return json.loads(answer.data, parse_float=Decimal)["data"]


def recipients_of(answer) -> list[str]:
    return [result["recipient"] for result in data_of(answer)["results"]]


def refused(answer, status: int, code: str) -> bool:
    return (answer.status_code, answer.json["error"]) == (status, code)


def new_group(api: Wesendall, *people: dict, name: str = "Parents") -> int:
    """A group of these contacts; its id."""
    group_id = api.post("/groups", {"walletId": api.wallet, "name": name}).json["data"]["id"]
    if people:
        answer = api.post(f"/groups/{group_id}/contacts", {"walletId": api.wallet, "contacts": list(people)})
        assert answer.status_code == 201, answer.json
    return group_id
