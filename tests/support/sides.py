"""One account with both sides: live and sandbox wallets, keys of each for every dialect, and what those keys made."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from wesend.accounts.keys import SCOPES, set_scopes
from wesend.accounts.service import create_account
from wesend.accounts.sides import LIVE, SANDBOX, Side, side_of
from wesend.contacts import groups
from wesend.contacts import service as contacts
from wesend.core import clock
from wesend.database import atomic, query, query_one
from wesend.routing import senders
from wesend.wallets.service import WalletInfo, create_wallet, credit_by_hand
from wesend.webhooks import endpoints

from .accounts import ACTOR, mint_key
from .apis import Api
from .dialects import ROWS
from .domain import make_route
from .jobs import ManualJobs

APIS = {"wesendall": "UGX", "esms": "UGX", "wasambazie": "SMS", "worldledgers": "SMS"}
PHONES = {"live": "+256712000001", "sandbox": "+256772000002", "people": "+256752000003"}

VERIFIED = {"live": "+256712000011", "sandbox": "+256772000012"}


@dataclass
class Things:
    """Ids of what can be named in a request; ``mark`` stands in every text, name and address that its maker wrote."""

    mark: str
    wallet: str = "wal_nosuchwallet0000000"
    group: int = 987_654_321
    contact: int = 987_654_321
    message: str = "msg-00000000-0000-4000-8000-000000000000"
    batch: str = "batch-00000000-0000-4000-8000-000000000000"
    report: str = "00000000-0000-4000-8000-000000000000"
    sms: int = 987_654_321
    mail: int = 987_654_321
    deposit: str = "dep_00000000000000000000000000000000"
    purchase: str = "dep_00000000000000000000000000000000"
    sender: str = "NOSUCH"
    phone: str = "+256782000009"
    app: str = "app_00000000-0000-4000-8000-000000000000"
    verification: str = "ver_00000000-0000-4000-8000-000000000000"
    verified: str = "+256782000019"
    service: int = 987_654_321
    keyword: str = "NOBODYS"
    apis: dict[str, Api] = field(default_factory=dict)

    def ids(self) -> list[str]:
        """Every id and name, as answers would show them."""
        return [str(value) for name, value in vars(self).items() if name not in ("mark", "apis")]


class Both:
    """``both.live``, ``both.sandbox``: what keys made; ``both.people``: what people made, for both sides."""

    def __init__(self, app: Flask):
        self.app, self.jobs = app, ManualJobs(app)
        with app.app_context():
            self.account = create_account("Both", "UG", actor=ACTOR)
            for code, country in (("ESMS_UG", "UG"), ("ESMS_KE", "KE")):
                make_route(code, "sandbox", country=country)  # the nearest to a live gateway
            self.people = self._of_people()
        self.live, self.sandbox = self._of_keys("live"), self._of_keys("sandbox")
        self.nothing = Things("nothing")

    def __getitem__(self, side: Side) -> Things:
        return self.sandbox if side == SANDBOX else self.live

    def _of_people(self) -> Things:
        """By command or page; inside an application context."""
        things = Things("peopleword", phone=PHONES["people"], sender="PEOPLEWORD")
        group = groups.create_group(self.account.id, "peopleword group", actor="test")
        contacts.add_contacts(
            self.account.id, group["id"], [contacts.NewContact(things.phone, "peopleword", {})], "UG", actor="test"
        )
        things.group, things.contact = group["id"], contacts.list_contacts(group, limit=1, offset=0, actor="test")[0]["id"]
        self._approve(things.sender, None)
        endpoints.add_endpoint(account_id=self.account.id, format_name="esms", url="https://peopleword.example/", actor=ACTOR)
        return things

    def _approve(self, name: str, side: Side | None) -> None:
        row = senders.request_sender(account_id=self.account.id, name=name, countries=["UG", "KE"], side=side, actor=ACTOR)
        senders.decide_sender(row["id"], approve=True, actor=ACTOR)

    def _of_keys(self, side: Side) -> Things:
        things = Things(f"{side}word", phone=PHONES[side], sender=f"{side}WORD".upper())
        wallets: dict[str, WalletInfo] = {}
        with self.app.app_context():
            for api, currency in APIS.items():
                wallets[api] = create_wallet(account_id=self.account.id, currency=currency, is_sandbox=side == SANDBOX, actor=ACTOR)
                credit_by_hand(wallets[api], 1_000_000_000, note=f"{side}word", actor=ACTOR)
                key_id, given = mint_key(self.account.id, wallets[api], api)
                set_scopes(key_id, SCOPES, actor=ACTOR)
                things.apis[api] = ROWS[api].api(self.app, given)
            self._approve(things.sender, side)
        things.wallet = wallets["wesendall"].uid
        self._make(things, wallets)
        self.jobs.settle()
        return things

    def _make(self, things: Things, wallets: dict[str, WalletInfo]) -> None:
        """By the keys themselves, one thing of every kind."""
        esms, wesendall = things.apis["esms"], things.apis["wesendall"]
        mark, wallet = things.mark, {"walletId": things.wallet}
        csv = f"phone,name,word\n{things.phone},{mark},{mark}\n".encode()
        made = _ok(esms.post("/api/contact-lists", data={"file": (io.BytesIO(csv), "a.csv"), "name": f"{mark} group"}))
        things.group = made["id"]
        things.contact = _ok(esms.get(f"/api/contact-lists/{things.group}/contacts"))["contacts"][0]["id"]
        later = clock.iso(clock.now_ms() + clock.DAY)
        bulk = _ok(
            esms.post(
                "/api/messages/send-bulk",
                {"contact_list_ids": [things.group], "text": mark, "schedule_mode": "scheduled", "scheduled_at": later},
            )
        )
        things.batch = bulk["batch_id"]
        things.verified = VERIFIED[wallets["esms"].side]
        things.keyword = f"{mark}s".upper()
        asked = {
            "country_code": "UG",
            "type": "shared",
            "keyword": things.keyword,
            "use_case": f"{mark} orders",
            "company_name": mark,
        }
        things.service = _ok(esms.post("/api/two-way/services", asked))["id"]
        things.app = _ok(esms.post("/api/verify/apps", {"name": f"{mark} app"}))["id"]
        started = _ok(esms.post("/api/verify/start", {"to": things.verified, "app_id": things.app}))
        things.verification = started["verification_id"]
        things.message = _ok(esms.get("/api/messages"))["messages"][0]["id"]
        _ok(esms.put("/api/webhooks", {"dlr_url": f"https://{mark}.example/dlr", "mo_url": f"https://{mark}.example/mo"}))
        _ok(wesendall.post("/api/v1/sms/send", {**wallet, "message": mark, "recipient": things.phone}))
        things.report = _ok(
            things.apis["wasambazie"].post("/v1/sms/send", {"to_number": things.phone, "message": mark, "sender_id": things.sender})
        )["message_batch_id"]
        letters = things.apis["worldledgers"]
        things.sms = _ok(letters.post("/api/v1/communication/sms", {"message": mark, "recipients": ["0712345678"]}))["data"][
            "message_ids"
        ][0]
        things.mail = _ok(
            letters.post("/api/v1/communication/email", {"subject": mark, "message": mark, "recipients": [f"{mark}@example.com"]})
        )["data"]["message_ids"][0]
        things.deposit, things.purchase = (self._deposit(wallets[api]) for api in ("wesendall", "worldledgers"))

    def _deposit(self, wallet: WalletInfo) -> str:
        """Written as `deposits` does: there is no live gateway here that could be asked."""
        now = clock.now_ms()
        with self.app.app_context(), atomic() as tx:
            number = query("SELECT count(*) FROM deposits")[0][0]
            uid = f"dep_{wallet.side}{number}"
            tx.insert(
                "deposits",
                uid=uid,
                reference=uid,
                account_id=wallet.account_id,
                wallet_id=wallet.id,
                amount_micros=5_000_000,
                currency=wallet.purchase_currency,
                rate_micros=wallet.sms_rate_micros,
                phone=PHONES[wallet.side],
                gateway="sandbox",
                status="pending",
                expires_at=now + clock.DAY,
                created_at=now,
                updated_at=now,
            )
        return uid

    # -- what lies in the database ---------------------------------------------

    def rows_of(self, side: Side, *, shared: bool = True) -> dict[str, list[tuple]]:
        """Every row that is a side's, and (``shared``) what serves both: equal before and after what may not touch it."""
        with self.app.app_context():
            wallets = ",".join(
                str(row["id"])
                for row in query("SELECT id, is_sandbox FROM wallets WHERE account_id = ?", (self.account.id,))
                if side_of(is_sandbox=bool(row["is_sandbox"])) == side
            )
            mine = f"(side = '{side}'{' OR side IS NULL' if shared else ''}) AND account_id = {self.account.id}"
            wanted = {
                "wallets": f"id IN ({wallets})",
                "message_events": f"message_id IN (SELECT id FROM messages WHERE wallet_id IN ({wallets}))",
                "contacts": f"group_id IN (SELECT id FROM groups WHERE {mine})",
                "webhook_deliveries": f"endpoint_id IN (SELECT id FROM webhook_endpoints WHERE {mine})",
            }
            wanted |= {
                table: f"wallet_id IN ({wallets})"
                for table in ("messages", "batches", "ledger_entries", "deposits", "daily_counts", "two_way_services")
            }
            wanted |= {
                table: mine for table in ("groups", "webhook_endpoints", "sender_ids", "opt_outs", "verify_apps", "verifications")
            }
            return {
                table: [tuple(row) for row in query(f"SELECT * FROM {table} WHERE {where} ORDER BY 1, 2, 3")]
                for table, where in wanted.items()
            }

    def count(self, table: str, where: str, *values: Any) -> int:
        with self.app.app_context():
            row = query_one(f"SELECT count(*) FROM {table} WHERE {where}", values)
            assert row is not None
            return row[0]


def _ok(answer: TestResponse) -> dict:
    assert 200 <= answer.status_code < 300, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def told(answer: TestResponse, named: Things) -> tuple[int, str]:
    """Status and body, without what the request itself had named, so that two refusals can be compared."""
    text = re.sub(r'"request_id": ?"[^"]*"', '"request_id": "…"', answer.get_data(as_text=True))  # each request has its own
    for name in sorted(named.ids(), key=len, reverse=True):
        text = re.sub(re.escape(name), "…", text, flags=re.IGNORECASE)
    return answer.status_code, text


SIDES = pytest.mark.parametrize("side", [SANDBOX, LIVE])


def text_to(both: Both, side, phone: str):
    wallet = {"walletId": both[side].wallet}
    answer = both[side].apis["wesendall"].post("/api/v1/sms/send", {**wallet, "message": "Hi", "recipient": phone})
    return answer.json["data"]["results"][0]["error"] if answer.status_code == 200 else answer.json["error"]
