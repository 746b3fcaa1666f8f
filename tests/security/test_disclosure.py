"""No customer is told who carries a message, what that costs the operator, or a carrier's receipt word for word."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest

from wesend.accounts.roles import MEMBER, OWNER
from wesend.accounts.sides import LIVE
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, CallbackReceipt, Outcome, Receipt
from wesend.core import clock, money
from wesend.database import query, write
from wesend.gateways import registry
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.failover import fail_over
from wesend.messages.dispatch.settle import settle
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.messages.receipts import unknown_outcomes
from wesend.messages.reporting import disclosure
from wesend.wallets import service as wallets

from ..support.accounts import Minted, mint, mint_key
from ..support.dashboard import Visitor, make_user
from ..support.dialects import ROWS
from ..support.domain import ScriptedGateway, make_route
from ..support.esms import Esms, data_of, new_list

NAME, SECOND, COST, RAW = "cheap-carrier", "dear-carrier", "KES 0.1234", "raw-words-of-the-carrier"
OWN_COST = "7.7653"
BOSS = "boss@example.com"
SECRETS = (NAME, SECOND, COST, RAW, OWN_COST, "0.1234", "10.9.8.7", BOSS)
LOG = ("/audit", "/people-data/account")
"""Where the audit log of an account is read, which is there to name whoever acted."""


@pytest.fixture
def gateways(app, context, monkeypatch) -> dict[str, ScriptedGateway]:
    known = dict(registry.sms_gateways()) | {name: ScriptedGateway(name) for name in (NAME, SECOND)}
    monkeypatch.setattr(registry, "sms_gateways", lambda *_: known)
    make_route("ESMS_UG", NAME, cost_micros=money.to_micros(OWN_COST))
    make_route("SECOND", SECOND, priority=9)
    return known


@pytest.fixture
def shop(app, gateways) -> Minted:
    return mint(app, "esms", is_sandbox=False, balance="10000")


@pytest.fixture
def api(app, shop) -> Esms:
    return Esms(app.test_client(), shop.credentials.secret)


ELSEWHERE = ("/static", "/assets", "/docs/static", "/operator", "/callbacks", "/metrics")
"""Files; what customers are refused; what gateways ask; what this machine alone is answered."""
OUTCOMES = {
    "accepted": Outcome(ACCEPTED, "ref-1", meta={"cost": COST, "sequence": RAW}),
    "refused": Outcome(REFUSED, code="NO", text="The number is not valid"),
    "unreachable": Outcome(TEMPORARY, code="unreachable", text="The gateway could not be reached: 10.9.8.7 refused"),
    "unknown": Outcome(UNKNOWN, code="error", text="The gateway gave no clear answer", meta={"error": f"{NAME}: 10.9.8.7"}),
}


def carry(name: str, outcome: Outcome) -> None:
    ours = queue.start([queue.claim(name, 10)])[0]
    write(lambda tx: settle(tx, [(one, outcome) for one in ours.messages], ours.token))


@pytest.fixture
def told(app, api, gateways, shop) -> list[str]:
    """Messages with every kind of story; their ids."""
    ids = []
    for kind, outcome in OUTCOMES.items():
        at = clock.iso(clock.now_ms() + 10 * clock.MINUTE)
        ids.append(api.send("+256712345678", schedule_mode="scheduled", scheduled_at=at).json["id"])
        write(lambda tx: tx.changed("UPDATE messages SET status = 'queued', due_at = 0 WHERE status = 'scheduled'"))
        carry(NAME, outcome)
        if kind == "unreachable":
            carry(SECOND, outcome)
            write(lambda tx: tx.changed("UPDATE messages SET due_at = 0 WHERE status = 'queued'"))
            fail_over(NAME, gone=True)
            fail_over(SECOND, gone=True)
    uid = ids[0].removeprefix("msg-")
    receipt_inbox.keep(
        NAME,
        [CallbackReceipt("ref-1", uid, None, Receipt("delivered", "DELIVRD", f"stat:DELIVRD {RAW}"))],
        raw=json.dumps({"said": RAW, "cost": COST}),
    )
    receipt_inbox.match_new()
    unknown_outcomes.decide(ids[-1].removeprefix("msg-"), "lost", actor="boss@example.com")
    write(
        lambda tx: tx.insert(
            "message_events",
            message_id=1,
            event="failover",
            status="queued",
            at=1,
            detail=f"{NAME} is not available; {SECOND} is tried",
        )
    )
    write(
        lambda tx: tx.changed(
            "UPDATE messages SET error_message = ? WHERE uid = ?",
            (f"The gateway {NAME} rests after failures", ids[2].removeprefix("msg-")),
        )
    )
    return ids


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_no_answer_of_the_api_names_them(api, told):
    paths = [f"/messages/{uid}" for uid in told] + [
        "/messages",
        "/messages/export",
        "/routes",
        "/routes/ESMS_UG",
        "/routes/health",
        "/pricing",
        "/balance/transactions",
        "/messages/stats",
    ]
    for path in paths:
        answer = api.get(path)
        assert answer.status_code == 200 and leaks(answer.text) == [], path
    first = api.get(f"/messages/{told[0]}").json["timeline"]
    assert {"gateway_message_id": "ref-1"} in [line.get("metadata") for line in first], "as the vendor's reference has it"


@pytest.mark.parametrize("role", [OWNER, MEMBER])
def test_no_page_of_a_customer_names_them(app, shop, told, role):
    visitor = Visitor(app, make_user(app, role, shop.account_id))
    paths = [f"/messages/{uid.removeprefix('msg-')}" for uid in told] + [
        "/",
        "/messages",
        "/messages/export",
        "/wallets",
        f"/wallets/{shop.wallet}",
        "/campaigns",
    ]
    for path in paths:
        answer = visitor.get(path)
        assert answer.status_code == 200 and leaks(answer.text) == [], path
    assert "Raw receipts" not in visitor.get(f"/messages/{told[0].removeprefix('msg-')}").text


def test_an_operator_sees_all_of_it(app, shop, told):
    operator = Visitor(app, make_user(app)).pick(shop.account_id)
    page = operator.get(f"/messages/{told[0].removeprefix('msg-')}").text
    assert all(known in page for known in (NAME, COST, RAW, "ref-1"))
    assert NAME in operator.get("/").text and NAME in operator.get("/messages/export").text


def test_no_webhook_names_them(app, api, shop, told):
    api.put("/webhooks", {"dlr_url": "https://shop.example.com/dlr"})
    rows = query("SELECT * FROM messages")
    from wesend.webhooks.formats import Owner, formats

    for format_ in formats().values():
        for row in rows:
            batch = query("SELECT * FROM batches WHERE id = ?", (row["batch_id"],))[0]
            event = format_.message_changed(row, batch, Owner("wal_one", LIVE, "Africa/Nairobi"))
            assert event is None or leaks(json.dumps(event.payload, default=str)) == []


@pytest.fixture
def everything(app, api, shop, gateways) -> None:
    """Before the stories: a webhook that hears of them, the log of calls with their bodies, a campaign that fails in part."""
    write(lambda tx: tx.execute("UPDATE accounts SET log_bodies_until = ? WHERE id = ?", (clock.now_ms() * 2, shop.account_id)))
    with app.app_context():  # of its own: what a request keeps in ``g`` must not reach the next
        api.put("/webhooks", {"dlr_url": "https://shop.example.com/dlr"})
    with app.app_context():
        contacts = new_list(api, "+256712000001", "+256712000002")
    with app.app_context():
        assert data_of(api.bulk(contacts))["total_recipients"] == 2
    carry(NAME, OUTCOMES["refused"])


@pytest.fixture
def addresses(app, everything, told, shop) -> list[str]:
    """Every address that is read, with whatever there is in the place of its variables."""
    columns = {"uid": "SELECT uid FROM {} ORDER BY id", "id": "SELECT id FROM {} ORDER BY id LIMIT 5"}

    def of(table: str, column: str = "uid") -> list[str]:
        return [str(row[0]) for row in query(columns[column].format(table))]

    messages, batches = of("messages"), of("batches")
    values = {
        "uid": [*messages, *batches, *of("wallets"), *of("webhook_deliveries")],
        "message_id": [*(f"msg-{uid}" for uid in messages), *of("messages", "id")],
        "batch_id": [*batches, *(f"batch-{uid}" for uid in batches)],
        "month": [clock.iso(clock.now_ms())[:7]],
        "kind": ["csv", "xlsx"],
        "code": ["ESMS_UG", "SECOND"],
        "call_id": of("api_calls", "id"),
        "name": list(ROWS),
    }
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.rule.startswith(ELSEWHERE):
            continue
        paths = [rule.rule]
        for name in rule.arguments:
            filled = values.get(name, ["1", "2"])
            paths = [re.sub(rf"<(\w+:)?{name}>", value, path) for path in paths for value in filled]
        found += paths
    return [path for path in found if path != "/sign-out"]


def whole(answer) -> str:
    """What an answer says, also in the files of a ZIP or a workbook; and its headers."""
    said = f"{answer.headers}"
    if answer.data[:2] != b"PK":
        return said + answer.get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return said + "".join(archive.read(name).decode() for name in archive.namelist())


def test_no_address_tells_a_customer(app, shop, addresses):
    people = [Visitor(app, make_user(app, role, shop.account_id)) for role in (OWNER, MEMBER)]
    wallet = wallets.find_wallet(shop.wallet, actor="test")
    keys = [row.api(app, mint_key(shop.account_id, wallet, row.name)[1]) for row in ROWS.values()]
    found, seen = [], 0
    for path in addresses:
        for caller in (*people, *keys):
            with app.app_context():
                answer = caller.get(path)
            seen += answer.status_code == 200
            found += [(path, secret) for secret in leaks(whole(answer)) if secret != BOSS or not path.startswith(LOG)]
            answer.close()
    assert found == []
    assert seen > len(addresses) // 2, "most of them answer somebody"


def test_no_export_tells_a_customer(app, shop, everything, told):
    owner = Visitor(app, make_user(app, OWNER, shop.account_id))
    for path, fields in (("/people-data", {"address": "+256712345678", "does": "export"}), ("/people-data/account", {})):
        answer = owner.post(path, **fields)
        assert answer.data[:2] == b"PK", path
        told = [secret for secret in leaks(whole(answer)) if secret != BOSS or not path.startswith(LOG)]
        assert "+256712345678" in whole(answer) and told == [], path


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("The gateway a-b rests after failures", "The gateway rests after failures"),
        ("The gateway x was removed; tried again in 1 s", "The gateway was removed; tried again in 1 s"),
        (
            "The gateway could not be reached: host 10.0.0.1; tried again in 4 s",
            "The gateway could not be reached; tried again in 4 s",
        ),
        ("Never went out, found out by boss@example.com", "Never went out, found out by an operator"),
        ("Absent subscriber", "Absent subscriber"),
        (None, None),
        ("", ""),
    ],
)
def test_what_was_written_before_is_read_without_names(said, left):
    assert disclosure.sentence(said) == left
