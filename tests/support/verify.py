"""Verifications as a client starts, checks and reads them; and a live account whose codes leave to a fake vendor."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from .accounts import mint
from .domain import make_route
from .esms import ANN, Esms, data_of, esms_of
from .fakes import FakeVendor, answer
from .gateways import set_up

MASK = "••••••"


def start(api: Esms, to: str = ANN, **more: Any) -> TestResponse:
    options = {"headers": more.pop("headers")} if "headers" in more else {}
    return api.post("/verify/start", {"to": to, **more}, **options)


def started(api: Esms, to: str = ANN, **more: Any) -> dict:
    return data_of(start(api, to, **more))


def check(api: Esms, code: str, verification_id: str | None = None, **more: Any) -> TestResponse:
    named = {} if verification_id is None else {"verification_id": verification_id}
    return api.post("/verify/check", {"code": code, **named, **more})


def shown(api: Esms, verification_id: str) -> dict:
    return data_of(api.get(f"/verify/{verification_id}"))


def wrong(code: str) -> str:
    """Another code of the same length."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


class LiveShop:
    """A live eSMS account whose messages leave by an `http` gateway; what left is read at the vendor."""

    def __init__(self, app: Flask, vendor: FakeVendor, balance: str = "100000"):
        self.app, self.vendor = app, vendor
        with app.app_context():
            set_up("http", vendor.url)
            make_route("ESMS_UG", "http")
        self.minted = mint(app, "esms", is_sandbox=False, balance=balance)
        self.api = esms_of(app, self.minted)
        self.accepts()

    def accepts(self) -> None:
        self.vendor.on("POST", "/send", *[answer(200)] * 50)

    def refuses(self) -> None:
        self.vendor.on("POST", "/send", answer(400))

    def last_text(self) -> str:
        return json.loads(self.vendor.last.body)["text"]

    def last_code(self) -> str:
        found = re.search(r"\d{4,10}", self.last_text())
        assert found is not None
        return found[0]
