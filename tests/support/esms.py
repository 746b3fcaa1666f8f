"""eSMS's API as a client calls it, and what its tests share: numbers by their endings, lists, refusals."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .accounts import Minted, mint
from .apis import Api
from .published import CREDENTIALS

ANN, BEN, CHEBET, DAUDI = "+256712345678", "+256772345678", "+254712345678", "+255712345678"
AMERICAN = "+12025550123"
REFUSED, LOW, HANGS, SILENT, BUSY, FAILS = (
    f"+25670{ending}" for ending in ("0000077", "0000088", "0000066", "0000055", "0000044", "0000099")
)


class Esms(Api):
    prefix = "/api"
    name = "esms"

    def __init__(self, client: FlaskClient, secret: str | None = None):
        super().__init__(client, {"Authorization": f"Bearer {secret or CREDENTIALS['esms'].secret}"})

    def send(self, to: str = ANN, text: str = "Hello", **more: Any) -> TestResponse:
        options = {"headers": more.pop("headers")} if "headers" in more else {}
        return self.post("/messages/send", {"to": to, "text": text, **more}, **options)

    def upload(self, csv: str | bytes, **form: Any) -> TestResponse:
        data = csv.encode() if isinstance(csv, str) else csv
        return self.post("/contact-lists", data={"file": (io.BytesIO(data), "list.csv"), **form})

    def bulk(self, *lists: int, text: str = "Hello", **more: Any) -> TestResponse:
        return self.post("/messages/send-bulk", {"contact_list_ids": list(lists), "text": text, **more})

    def precheck(self, *lists: int, text: str = "Hello", **more: Any) -> TestResponse:
        return self.post("/messages/bulk-precheck", {"contact_list_ids": list(lists), "text": text, **more})

    def messages(self, **query: Any) -> list[dict]:
        """The list, newest first, at most 100."""
        return data_of(self.get("/messages", query_string={"limit": 100, **query}))["messages"]

    def message(self, message_id: str) -> dict:
        return data_of(self.get(f"/messages/{message_id}"))

    def batch(self, batch_id: str) -> dict:
        return data_of(self.get(f"/messages/batch/{batch_id}"))

    def balance(self) -> Decimal | int:
        return data_of(self.get("/balance"))["balance"]


def esms_of(app: Flask, minted: Minted) -> Esms:
    """The API as a minted key's owner calls it."""
    return Esms(app.test_client(), minted.credentials.secret)


def new_esms(app: Flask, **options: Any) -> Esms:
    """The API of a new account; options as in ``mint``."""
    return esms_of(app, mint(app, "esms", **options))


def data_of(answer: TestResponse) -> Any:
    """What a successful answer says, numbers with a point as Decimals."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return json.loads(answer.data, parse_float=Decimal)


def refused(answer: TestResponse, status: int, code: str) -> bool:
    """Refused in the envelope, with this status and code and a sentence."""
    detail = answer.json["detail"]
    assert isinstance(detail, dict) and detail["message"], detail
    return (answer.status_code, detail["code"]) == (status, code)


def field_of(answer: TestResponse) -> list:
    """Where the one field error of a 422 is."""
    assert answer.status_code == 422, answer.get_data(as_text=True)
    [error] = answer.json["detail"]
    assert set(error) == {"loc", "msg", "type"} and error["msg"] and error["type"]
    return error["loc"]


def new_list(api: Esms, *phones: str, name: str = "Customers") -> int:
    """A contact list of these phones; its id."""
    return data_of(api.upload("phone\n" + "\n".join(phones), name=name))["id"]
