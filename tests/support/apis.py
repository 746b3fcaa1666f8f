"""The sandbox account's APIs, called as a vendor's client would."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .published import CREDENTIALS, WALLETS


def basic(key: str, secret: str) -> str:
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


class Api:
    """Calls under a prefix with fixed headers; ``headers=`` overrides, None removes one."""

    prefix = ""
    name = ""

    def __init__(self, client: FlaskClient, headers: dict[str, str]):
        self.client, self.headers = client, headers

    def call(self, method: str, path: str, *, headers: dict[str, str | None] | None = None, **options) -> TestResponse:
        merged = {**self.headers, **(headers or {})}
        return self.client.open(
            self.prefix + path, method=method, headers={k: v for k, v in merged.items() if v is not None}, **options
        )

    def get(self, path: str, **options) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options) -> TestResponse:
        return self.call("POST", path, **({"json": body} if body is not None else {}), **options)

    def put(self, path: str, body: Any = None, **options) -> TestResponse:
        return self.call("PUT", path, **({"json": body} if body is not None else {}), **options)

    def delete(self, path: str, **options) -> TestResponse:
        return self.call("DELETE", path, **options)


class Wesendall(Api):
    prefix = "/api/v1"
    name = "wesendall"

    def __init__(self, client: FlaskClient, key: str | None = None, secret: str | None = None, wallet: str | None = None):
        published = CREDENTIALS["wesendall"]
        super().__init__(client, {"Authorization": basic(key or published.public, secret or published.secret)})
        self.wallet = wallet or WALLETS["wesendall"][0]

    def send(self, recipient, message: str = "Hello", **more) -> TestResponse:
        options = {"headers": more.pop("headers")} if "headers" in more else {}
        return self.post("/sms/send", {"walletId": self.wallet, "message": message, "recipient": recipient, **more}, **options)

    def balance(self) -> float:
        return self.get("/account/balance", query_string={"walletId": self.wallet}).json["data"]["balance"]

    def history(self, **query) -> list[dict]:
        return self.get("/sms/history", query_string={"walletId": self.wallet, **query}).json["data"]["messages"]


class WorldLedgers(Api):
    prefix = "/api/v1/communication"
    name = "worldledgers"

    def __init__(self, client: FlaskClient, key: str | None = None):
        super().__init__(client, {"X-API-Key": key or CREDENTIALS["worldledgers"].secret})

    def sms(self, *recipients: str, message: str = "Hello", **more) -> TestResponse:
        return self.post("/sms", {"message": message, "recipients": list(recipients), **more})

    def email(self, *recipients: str, subject: str = "Hi", message: str = "Hello", **more) -> TestResponse:
        return self.post("/email", {"subject": subject, "message": message, "recipients": list(recipients), **more})

    def status(self, kind: str, message_id: int) -> dict:
        """The status of a message, ``kind`` being sms or email."""
        answer = self.get(f"/{kind}/{message_id}")
        assert answer.status_code == 200, answer.json
        return answer.json["data"]

    def credits(self) -> float:
        return self.get("/sms-credits/balance").json["data"]["sms_credits"]


class Wasambazie(Api):
    prefix = "/v1"
    name = "wasambazie"

    def __init__(self, client: FlaskClient, public: str | None = None, secret: str | None = None):
        published = CREDENTIALS["wasambazie"]
        super().__init__(
            client, {"X-API-PUBLIC-KEY": public or published.public or "", "X-API-SECRET-KEY": secret or published.secret}
        )

    def send(self, to_number, message: str = "Hello", sender_id: str | None = "MYBRAND", **options) -> TestResponse:
        return self.post("/sms/send", {"to_number": to_number, "message": message, "sender_id": sender_id}, **options)

    def balance(self) -> float:
        return self.get("/balance/").json["balance"]

    def report(self, batch_id: str, **options) -> TestResponse:
        return self.get(f"/sms/delivery-reports/{batch_id}", **options)
