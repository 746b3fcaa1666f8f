"""An instance of the landed version, its jobs run by hand, its clock moved by hand, and the outside that it talks to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import MovableClock
from tests.support.apis import basic
from tests.support.dashboard import Visitor
from tests.support.receiver import Receiver, answer, drop
from tests.support.smsc_smpp34 import Smpp34Smsc
from wesend import create_app
from wesend.adapters.guarded_http import GuardedHttp
from wesend.core import clock, settings
from wesend.gateways import registry
from wesend.messages.dispatch import queue, submit, worker
from wesend.messages.dispatch.worker import serve_at_once
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.messages.receipts import polling
from wesend.wallets import deposit_polling
from wesend.webhooks import claims, deliver

from .places import HOOKS, SECRET_KEY, SMSC, VENDOR

START = 1_780_650_000.0  # 2026-06-05 09:00 UTC
SENDS = (
    "/api/v1/sms/send",
    "/api/v1/sms/group",
    "/v1/sms/send",
    "/api/messages/send",
    "/api/messages/send-bulk",
    "/api/v1/communication/sms",
    "/api/v1/communication/email",
)
UNREACHED, REFUSED, BUSY = "51", "52", "53"
"""How a number ends that the vendor cuts off, refuses, and has no time for."""


def _vend(receiver: Receiver, peer, posted) -> bool:
    """The vendor: an SMS as {to, text}, a collection as MarzPay's."""
    body = json.loads(posted.body) if posted.body else {}
    if posted.target.startswith("/api/v1/collect-money"):
        paid = posted.method == "GET" and posted.target.endswith("-77")
        reference = body.get("reference")
        told = {
            "uuid": f"{body.get('phone_number', '')}-{body.get('phone_number', '')[-2:]}",
            "status": "successful" if paid else "processing",
            **({"reference": reference} if reference else {}),
        }
        return answer(200, json.dumps({"status": "success", "data": {"transaction": told}}).encode())(receiver, peer, posted)
    ending = body["to"][-2:]
    if ending == UNREACHED:
        return drop(receiver, peer, posted)
    status, said = {REFUSED: (400, {"error": "bad number"}), BUSY: (429, {"error": "busy"})}.get(
        ending, (200, {"id": f"b-{len(receiver.posted)}"})
    )
    return answer(status, json.dumps(said).encode())(receiver, peer, posted)


def _take_hook(receiver: Receiver, peer, posted) -> bool:
    """Hooks whose address has `bad` in it are refused, those with `gone` are gone."""
    status = 500 if "bad" in posted.target else 410 if "gone" in posted.target else 200
    return answer(status)(receiver, peer, posted)


class World:
    """``made``: what the tests have to know of it, from secrets to ids."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.clock = MovableClock(START)
        clock.use(self.clock)
        self.vendor, self.hooks, self.smsc = Receiver(port=VENDOR), Receiver(port=HOOKS), Smpp34Smsc()
        self.smsc.port = SMSC
        self.made: dict[str, Any] = {"keys": {}, "wallets": {}, "users": {}, "webhooks": {}, "sent": {}}
        self.app = self.make_app()

    def __enter__(self) -> World:
        self.vendor.__enter__().behave(_vend)
        self.hooks.__enter__().behave(_take_hook)
        self.smsc.start()
        return self

    def __exit__(self, *_) -> None:
        registry.close(self.app)
        self.smsc.stop()
        self.smsc.close()
        self.vendor.__exit__()
        self.hooks.__exit__()

    def make_app(self, **environment: str):
        return create_app(
            settings.load(
                {
                    "WESEND_INSTANCE": str(self.folder),
                    "WESEND_SECRET_KEY": SECRET_KEY,
                    "WESEND_SANDBOX_DELAY": "0",
                    "WESEND_RETRY_DELAYS": "0,0",
                    "WESEND_ALLOW_PRIVATE_URLS": "1",
                    **environment,
                }
            )
        )

    # -- its edges -------------------------------------------------------------

    def cli(self, *arguments: object, stdin: str | None = None) -> dict:
        result = self.app.test_cli_runner().invoke(args=[*map(str, arguments), "--json"], input=stdin)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        return json.loads(result.stdout.strip().splitlines()[-1])

    def call(self, key: str, method: str, path: str, *, expect: int = 200, headers: dict | None = None, **options) -> Any:
        """A request with one of the keys made; its JSON."""
        reply = self.app.test_client().open(path, method=method, headers={**self.headers(key), **(headers or {})}, **options)
        assert reply.status_code == expect, (key, path, reply.status_code, reply.text)
        shown = reply.json if reply.mimetype == "application/json" else reply.text
        if method == "POST" and path in SENDS and expect < 300:
            self.made["sent"].setdefault(f"{key} {path}", {"body": options["json"], "answer": shown})
        return shown

    def headers(self, key: str) -> dict[str, str]:
        given = self.made["keys"][key]
        if given["api"] == "wesendall":
            return {"Authorization": basic(given["api_key"], given["api_secret"])}
        if given["api"] == "wasambazie":
            return {"X-API-PUBLIC-KEY": given["public_key"], "X-API-SECRET-KEY": given["secret_key"]}
        return {"Authorization": f"Bearer {given['api_key']}"}

    def page(self, email: str) -> Visitor:
        """Somebody who signed in by password."""
        visitor = Visitor(self.app)
        reply = visitor.post("/sign-in", email=email, password=self.made["users"][email])
        assert reply.status_code == 303, reply.text
        visitor.token = ""
        visitor.get("/password")
        return visitor

    # -- its jobs --------------------------------------------------------------

    def job(self, work: Callable[[], Any], app=None) -> Any:
        with (app or self.app).app_context():
            return work()

    def dispatch(self, app=None) -> None:
        self.job(_dispatch, app)

    def settle(self) -> None:
        """What is due leaves, and what is known of it is fetched."""
        self.dispatch()
        self.job(polling.poll_due)
        self.job(receipt_inbox.match_new)
        self.job(deposit_polling.poll_due)

    def deliver(self) -> None:
        self.job(_deliver)

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)


def _dispatch() -> None:
    while queue.release_due():
        pass
    for gateway in registry.gateways().values():
        if gateway.in_process:
            while serve_at_once(gateway):
                pass
        else:
            _send_out(gateway)


def _send_out(gateway) -> None:
    claimed = queue.claim(gateway.name, 100)
    if claimed.messages:
        (group,) = queue.start([claimed])
        for messages in submit.in_calls(gateway, group.messages):
            worker._settle(group._replace(messages=messages), submit.call(gateway, messages))


def _deliver() -> None:
    http = GuardedHttp(allow_private=True)
    for endpoint_id in claims.due_endpoints():
        claimed, target = claims.claim(endpoint_id, 100), deliver.load_target(endpoint_id)
        for row in claimed.rows:
            deliver.attempt(http, target, row, claimed.token)


def field(page, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]
