"""The landed version's instance as the tests find it: restored, and pointed at an outside of this test's own."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections import Counter
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from wesend.adapters.guarded_http import GuardedHttp
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.dispatch import queue, submit, worker
from wesend.messages.dispatch.worker import serve_at_once
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.messages.receipts import polling
from wesend.messages.sending import actions, bulk
from wesend.wallets import deposit_polling
from wesend.webhooks import claims, deliver

from ..support.apis import basic
from ..support.dashboard import Visitor
from ..support.receiver import Receiver, answer
from .population import places

HERE = Path(__file__).resolve().parent


@cache
def landed() -> dict[str, Any]:
    """What the customers of that instance know of it."""
    return json.loads(gzip.decompress((HERE / "landed.json.gz").read_bytes()))


def restore_dump(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(gzip.decompress((HERE / "landed.sql.gz").read_bytes()).decode())


def lead_to(database: Path, vendor: int, hooks: int, smsc: int = 9) -> None:
    """Put these ports in the place of those that stand in the fixture."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for old, new in ((places.VENDOR, vendor), (places.HOOKS, hooks)):
            for table, column in (("gateways", "options"), ("webhook_endpoints", "url")):
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (f"127.0.0.1:{old}", f"127.0.0.1:{new}")
                )
        connection.execute("UPDATE gateways SET options = replace(options, ?, ?)", (str(places.SMSC), str(smsc)))


def vend(receiver: Receiver, peer, posted) -> bool:
    """The vendor takes every SMS, and every payer has paid."""
    if posted.target.startswith("/api/v1/collect-money"):
        told = {"uuid": posted.target.rpartition("/")[2], "status": "successful"}
        return answer(200, json.dumps({"status": "success", "data": {"transaction": told}}).encode())(receiver, peer, posted)
    return answer(200, json.dumps({"id": f"new-{len(receiver.posted)}"}).encode())(receiver, peer, posted)


class Upgraded:
    """The instance after the upgrade, with the vendor and the receiver of its webhooks."""

    def __init__(self, app: Flask, vendor: Receiver, hooks: Receiver):
        self.app, self.vendor, self.hooks = app, vendor, hooks
        self.made = landed()

    def call(self, key: str, method: str, path: str, **options) -> TestResponse:
        client: FlaskClient = self.app.test_client()
        headers = {**headers_of(self.made["keys"][key]), **options.pop("headers", {})}
        return client.open(path, method=method, headers=headers, **options)

    def sent(self) -> Counter[str]:
        """How many messages the vendor got for each number."""
        return Counter(posted.json["to"] for posted in self.vendor.posted if posted.target == "/send")

    def job(self, work) -> Any:
        with self.app.app_context():
            return work()

    def settle(self) -> None:
        """Everything that a server does within seconds."""
        self.job(_settle)

    def deliver(self) -> None:
        self.job(_deliver)

    def rows(self, sql: str, *parameters) -> list:
        return self.job(lambda: query(sql, parameters))


def headers_of(key: dict) -> dict[str, str]:
    if key["api"] == "wesendall":
        return {"Authorization": basic(key["api_key"], key["api_secret"])}
    if key["api"] == "wasambazie":
        return {"X-API-PUBLIC-KEY": key["public_key"], "X-API-SECRET-KEY": key["secret_key"]}
    return {"Authorization": f"Bearer {key['api_key']}"}


def sign_in(app: Flask, email: str) -> Visitor:
    """One of its people, by the password of before."""
    visitor = Visitor(app)
    assert visitor.post("/sign-in", email=email, password=landed()["users"][email]).status_code == 303
    visitor.token = ""
    visitor.get("/password")
    return visitor


def _settle() -> None:
    queue.recover_leases()
    bulk.undo_abandoned()
    actions.finish_cancellations()
    while queue.release_due():
        pass
    for gateway in registry.gateways().values():
        if gateway.in_process:
            while serve_at_once(gateway):
                pass
        elif gateway.name != "smsc":
            while _send_out(gateway):
                pass
    receipt_inbox.match_new()
    polling.poll_due()
    deposit_polling.poll_due()


def _send_out(gateway) -> bool:
    claimed = queue.claim(gateway.name, 50)
    if claimed.messages:
        (group,) = queue.start([claimed])
        for messages in submit.in_calls(gateway, group.messages):
            worker._settle(group._replace(messages=messages), submit.call(gateway, messages))
    return bool(claimed.messages)


def _deliver() -> None:
    http = GuardedHttp(allow_private=True)
    for endpoint_id in claims.due_endpoints():
        claimed, target = claims.claim(endpoint_id, 200), deliver.load_target(endpoint_id)
        for row in claimed.rows:
            deliver.attempt(http, target, row, claimed.token)
