"""Wesendall's whole API as cURL commands, with the wallet's id filled in: what that vendor's dashboard hands out too."""

from __future__ import annotations

import json
import shlex
from typing import NamedTuple
from urllib.parse import urlencode

PREFIX = "/api/v1"


class Command(NamedTuple):
    """``path`` below the prefix; in capitals what is to be put in its place. ``body`` without the wallet; None: no body."""

    title: str
    method: str
    path: str
    body: dict | None = None

    def curl(self, base_url: str, wallet_uid: str, user: str, fill: dict[str, str]) -> str:
        wallet = {"walletId": wallet_uid}
        url = f"{base_url}{PREFIX}{self.path}" + ("" if self.body is not None else f"?{urlencode(wallet)}")
        lines = [f"curl -X {self.method} {shlex.quote(url)}", f"-u {user}"]
        if self.body is not None:
            lines += [
                "-H 'Content-Type: application/json'",
                f"-d {shlex.quote(json.dumps({**wallet, **self.body}, ensure_ascii=False))}",
            ]
        text = " \\\n  ".join(lines)
        for name, value in fill.items():
            text = text.replace(name, value)
        return text


SECTIONS: dict[str, tuple[Command, ...]] = {
    "Messages": (
        Command("Send to one phone, or to many", "POST", "/sms/send", {"recipient": "PHONE", "message": "Hello from wesend"}),
        Command("Send to a group", "POST", "/sms/group", {"groupId": "GROUP_ID", "message": "Hello {{name}}"}),
        Command("What was sent, newest first", "GET", "/sms/history"),
    ),
    "Groups": (
        Command("Make a group", "POST", "/groups", {"name": "Customers"}),
        Command("The groups", "GET", "/groups"),
        Command(
            "Add contacts to a group",
            "POST",
            "/groups/GROUP_ID/contacts",
            {"contacts": [{"phone": "PHONE", "name": "Ann", "city": "Kampala"}]},
        ),
        Command("The contacts of a group", "GET", "/groups/GROUP_ID/contacts"),
        Command("Take a contact out of a group", "DELETE", "/groups/GROUP_ID/contacts/CONTACT_ID"),
        Command("Delete a group", "DELETE", "/groups/GROUP_ID"),
    ),
    "Account": (
        Command("The wallet’s balance", "GET", "/account/balance"),
        Command("Top up by mobile money", "POST", "/account/topup", {"amount": 5000, "phone": "PHONE"}),
        Command("What became of a top-up", "GET", "/account/topup/DEPOSIT_ID"),
    ),
}
