"""What the operator does with an instance of before: commands, a restored backup, doctor, metrics, and a server."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing
from urllib.parse import urlsplit

import requests

from wesend.adapters.sms.base import SmsGateway
from wesend.database import query
from wesend.gateways import registry
from wesend.webhooks import endpoints

from ..conftest import close, make_app
from ..support.domain import problems
from ..support.forked import ForkedServer
from ..support.receiver import Receiver
from .conftest import ENVIRONMENT
from .outside import headers_of, landed, lead_to, vend
from .population.people import BANK, CLOSED, SHOP, SOLO
from .population.places import SECRET_KEY

LISTS = (
    "account list",
    "user list",
    "gateway list",
    "gateway types",
    "route list",
    "rate list",
    "deposit list",
    "audit",
    *(
        f"{what} list --account {account}"
        for what in ("wallet", "key", "sender", "group", "webhook")
        for account in (SHOP, BANK, CLOSED, SOLO)
    ),
    *(f"webhook attempts {number}" for number in range(1, 13)),
)


def test_every_command_that_lists_works(upgraded):
    failed = []
    for command in LISTS:
        result = upgraded.app.test_cli_runner().invoke(args=[*command.split(), "--json"])
        if result.exit_code or not json.loads(result.stdout):
            failed.append((command, result.output))
    assert failed == []


def test_doctor_looks_at_all_of_it(upgraded):
    """It finds what is missing here, a server for one, and says so by its exit code."""
    result = upgraded.app.test_cli_runner().invoke(args=["doctor", "--json"])
    assert isinstance(result.exception, SystemExit | None), result.exception
    found = json.loads(result.stdout)
    assert "paused" in result.stdout and found, result.stdout


def test_lists_show_what_was_there(upgraded):
    def listed(*arguments: object) -> dict:
        return json.loads(upgraded.app.test_cli_runner().invoke(args=[*map(str, arguments), "--json"]).stdout)

    assert {row["name"]: row["status"] for row in listed("account", "list")["accounts"]} == {
        **dict.fromkeys(("Sandbox", "Shop", "Bank of Kenya", "Empty", "Solo"), "active"),
        "Closed": "suspended",
    }
    assert {row["name"]: row["status"] for row in listed("sender", "list", "--account", SHOP)["senders"]} == {
        "SHOPUG": "approved",
        "WAITING": "pending",
        "BAD": "rejected",
        "PAGENAME": "pending",
    }
    webhooks = {row["webhook_id"]: row for row in listed("webhook", "list", "--account", SHOP)["webhooks"]}
    assert all("@" not in urlsplit(row["url"]).netloc for row in webhooks.values())
    assert webhooks[landed()["webhooks"]["events"]["webhook_id"]]["events"] == ["sms.failed"]
    gateways = {row["name"]: row["ok"] for row in listed("gateway", "list")["gateways"]}
    assert {name: gateways[name] for name in landed()["gateways"]} == dict.fromkeys(landed()["gateways"], True)


def test_secrets_of_gateways_and_webhooks_open(upgraded):
    with upgraded.app.app_context():
        for name, gateway in landed()["gateways"].items():
            adapter = registry.sms_gateway(name) or registry.money_gateway(name)
            assert adapter is not None, name
            if isinstance(adapter, SmsGateway) and name != "smsc":
                assert adapter.credentials == gateway["secrets"] | {
                    key: None for key in adapter.credentials if key not in gateway["secrets"]
                }, name
        for made in landed()["webhooks"].values():
            if "webhook_id" in made:
                assert endpoints.secret_of(endpoints.get_endpoint(made["webhook_id"], actor="test")) == made["secret"]


def test_a_backup_of_before_is_restored_with_dispatch_paused(old_database, tmp_path, clock):
    app = make_app(tmp_path / "new", **ENVIRONMENT)
    result = app.test_cli_runner().invoke(args=["restore", str(old_database), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["dispatch"] == "paused" and told["waiting"] > 40
    with app.app_context():
        assert problems() == []
        assert query("SELECT count(*) FROM messages")[0][0] > 100
    assert "paused" in app.test_cli_runner().invoke(args=["doctor"]).output
    close(app)


def test_metrics_count_on_from_where_they_were(upgraded):
    lines = upgraded.app.test_client().get("/metrics").text.splitlines()
    assert len(landed()["metrics"]) > 20 and set(landed()["metrics"]) - set(lines) == set()


def test_a_server_started_on_it_upgrades_it_serves_and_sends_what_waited_once(old_instance):
    """With the true clock: everything is long past its time."""
    with Receiver() as vendor, Receiver() as hooks:
        vendor.behave(vend)
        lead_to(old_instance / "wesend.db", vendor.port, hooks.port)
        waits = (
            "SELECT count(*) FROM messages m JOIN batches b ON b.id = m.batch_id JOIN accounts a ON a.id = m.account_id"
            " WHERE m.gateway = 'beem' AND m.status IN ('queued', 'claimed', 'scheduled', 'dripping') AND b.state = 'open'"
            " AND a.status = 'active'"
        )
        expected = count(old_instance, waits)
        with ForkedServer(old_instance, WESEND_SECRET_KEY=SECRET_KEY, WESEND_ALLOW_PRIVATE_URLS="1") as server:
            assert server.command("audit")["problems"] == []
            server.command("resume")
            until(lambda: sum(posted.target == "/send" for posted in vendor.posted) >= expected)
            reply = requests.post(
                f"{server.url}/api/messages/send",
                headers=headers_of(landed()["keys"]["esms"]),
                timeout=20,
                json={"to": "+256755009999", "text": "New"},
            )
            assert reply.status_code == 200, reply.text
            until(lambda: count(old_instance, waits) == 0)
        sent = Counter(posted.json["to"] for posted in vendor.posted if posted.target == "/send")
        assert (sent.pop("+256755009999"), sent.total()) == (1, expected)


def count(instance, sql: str) -> int:
    with closing(sqlite3.connect(instance / "wesend.db")) as connection:
        return connection.execute(sql).fetchone()[0]


def until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
