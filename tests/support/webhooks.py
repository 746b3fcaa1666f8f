"""The webhook engine in a test's hands: endpoints, events, and a courier that is rung when the test says so."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask

from wesend.adapters.guarded_http import GuardedHttp
from wesend.database import query, write
from wesend.webhooks import attempts, endpoints, outbox
from wesend.webhooks.courier import Courier
from wesend.webhooks.formats import Event

from .receiver import Receiver


class Endpoint(NamedTuple):
    id: int
    secret: str


class Engine:
    """Every method has an application context of its own."""

    def __init__(self, app: Flask):
        self.app = app
        self.courier = Courier(app)
        self.answer_within(20)
        with app.app_context():
            self.account_id = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]

    def answer_within(self, seconds: float) -> None:
        self.courier.http.close()
        self.courier.http = GuardedHttp(allow_private=self.app.config["WESEND"].allow_private_urls, seconds=seconds)

    def close(self) -> None:
        self.courier.stop()
        self.wait()
        self.courier.http.close()

    def add(self, url: str, format_name: str = "wesendall", *, account_id: int | None = None, **options) -> Endpoint:
        with self.app.app_context():
            row, secret = endpoints.add_endpoint(
                account_id=account_id or self.account_id, format_name=format_name, url=url, actor="test", **options
            )
        return Endpoint(row["id"], secret)

    def put(
        self, *endpoint_ids: int, event: str = "sms.delivered", payload: dict | None = None, once: str | None = None, count: int = 1
    ) -> None:
        """Events as a dialect would announce them."""
        told = Event(event, "message-1", payload or {"event": event, "text": "Zoë"}, once)
        with self.app.app_context():
            write(lambda tx: outbox.put(tx, [(found, told) for found in endpoint_ids for _ in range(count)]))

    def ring(self) -> None:
        with self.app.app_context():
            self.courier.ring()

    def wait(self) -> None:
        Receiver.wait_until(lambda: not self.courier.threads, "the courier did not come to an end", 60)

    def round(self) -> None:
        """Everything that is due is tried."""
        self.ring()
        self.wait()

    def deliveries(self, endpoint_id: int | None = None) -> list[dict[str, Any]]:
        """Oldest first."""
        with self.app.app_context():
            found = query(
                "SELECT * FROM webhook_deliveries WHERE endpoint_id = coalesce(?, endpoint_id) ORDER BY id", (endpoint_id,)
            )
            return [dict(row) for row in found]

    def delivery(self) -> dict[str, Any]:
        (found,) = self.deliveries()
        return found

    def attempts(self) -> list[dict[str, Any]]:
        with self.app.app_context():
            return [dict(row) for row in query("SELECT * FROM webhook_attempts ORDER BY id")]

    def endpoint(self, endpoint_id: int) -> dict[str, Any]:
        with self.app.app_context():
            return dict(endpoints.get_endpoint(endpoint_id, actor="test"))

    def switch(self, endpoint_id: int, on: bool) -> None:
        with self.app.app_context():
            endpoints.switch(endpoint_id, on, actor="test")

    def retry(self, uid: str) -> None:
        with self.app.app_context():
            attempts.retry(attempts.find_delivery(uid, actor="test"), actor="test")

    def retry_failed(self, endpoint_id: int, since: int) -> int:
        with self.app.app_context():
            return attempts.retry_failed(endpoint_id, since, actor="test")

    def send_test(self, endpoint_id: int) -> dict[str, Any]:
        with self.app.app_context():
            return dict(attempts.send_test(endpoint_id, actor="test", allow_private=self.app.config["WESEND"].allow_private_urls))
