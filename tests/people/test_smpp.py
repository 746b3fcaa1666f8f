"""What SMPP keeps as bytes is found and erased like what stands in texts; every column of bytes is looked through."""

from __future__ import annotations

import pytest
from sqlalchemy import LargeBinary

from wesend.accounts import keys
from wesend.core import clock
from wesend.core.ids import new_id
from wesend.database import query, write
from wesend.database.schema import db
from wesend.people import closing, erasing, smpp

from ..support.accounts import mint_key
from ..support.domain import ACTOR, make_wallet, problems, put, send
from .stored import assert_gone

PHONE, OTHER = "+256701234987", "+256772000001"
LOOKED_THROUGH = {
    "smpp_submissions": {"source", "destination", "reference", "content"},
    "smpp_deliveries": {"body", "parameters"},
    "upload_chunks": {"data"},
    "caught_bodies": {"raw"},
}


def address(digits: str) -> bytes:
    return b"\x01\x01" + digits.encode() + b"\0"


@pytest.fixture
def shop(carrier):
    wallet = make_wallet("1000")
    return wallet, mint_key(wallet.account_id, wallet, "esms")[0]


def submission(wallet, key_id: int, to: str, message_id: int | None = None, **more) -> int:
    row = {
        "uid": new_id(),
        "account_id": wallet.account_id,
        "api_key_id": key_id,
        "message_id": message_id,
        "registered": 1,
        "source": b"\x05\x00Shop\0",
        "destination": address(to),
        "reference": None,
        "beginning": "Dear Amina",
        "created_at": clock.now_ms(),
        **more,
    }
    return write(lambda tx: tx.insert("smpp_submissions", **row))


def part(wallet, key_id: int, to: str, text: bytes, number: int = 1, **more) -> int:
    whole = f"{to[-3:]}-whole"
    return submission(
        wallet, key_id, to, whole=whole, part_number=number, part_total=2, data_coding=0, content=text, digest="d", **more
    )


def waiting(key_id: int, body: bytes, parameters: bytes = b"") -> None:
    now = clock.now_ms()
    write(
        lambda tx: tx.insert(
            "smpp_deliveries", api_key_id=key_id, kind="inbound", body=body, parameters=parameters, due_at=now, created_at=now
        )
    )


def rows(table: str) -> list[dict]:
    return [dict(row) for row in query(f"SELECT * FROM {table} ORDER BY id")]


def test_parts_addresses_and_what_no_client_took_go_and_others_stay(shop):
    wallet, key_id = shop
    sent = send(wallet, PHONE, text="Dear Amina Nakato").messages[0]
    put(sent["id"], "delivered")
    submission(wallet, key_id, "256701234987", sent["id"], reference=b"2567012349870001")
    part(wallet, key_id, "0701234987", b"Zebra is Amina's")
    wide = submission(wallet, key_id, "256772000001", content="Call 0701234987".encode("utf-16-be"), ended=5, ended_at=1)
    kept = part(wallet, key_id, "256772000001", b"Lion is Bob's", beginning="Lion is Bob's")
    waiting(key_id, address("256701234987") + address("8008") + b"\x00I am Amina")
    waiting(key_id, address("8008") + address("8008"), b"\x04\x24" + "I am +256701234987".encode("utf-16-be"))
    waiting(key_id, address("256772000001") + b"I am Bob")
    done = erasing.erase(PHONE, wallet.account_id, patience=0, actor=ACTOR)
    assert_gone("256701234987", "701234987", "Amina", "Zebra")
    assert done.left == 0 and done.rows["smpp_deliveries"] >= 2 and done.rows["smpp_submissions"] >= 2
    assert [bytes(row["body"]) for row in rows("smpp_deliveries")] == [address("256772000001") + b"I am Bob"]
    left = {row["id"]: row for row in rows("smpp_submissions")}
    assert bytes(left[kept]["content"]) == b"Lion is Bob's" and left[kept]["ended"] is None
    assert left[wide]["content"] is None and bytes(left[wide]["destination"]) == address("256772000001")
    assert problems() == []


def test_another_account_keeps_what_is_its_own(shop):
    wallet, key_id = shop
    other = make_wallet("100")
    part(wallet, key_id, "256701234987", b"Zebra")
    waiting(mint_key(other.account_id, other, "esms")[0], address("256701234987"))
    assert [row["content"] for row in smpp_export(other.account_id)] == []
    assert [row["content"] for row in smpp_export(wallet.account_id)] == ["Zebra"]
    assert [row["content"][-2:] for row in smpp_export(other.account_id, smpp.undelivered)] == ["7\0"]
    assert smpp_export(wallet.account_id, smpp.undelivered) == []
    erasing.erase(PHONE, other.account_id, patience=0, actor=ACTOR)
    assert [bytes(row["content"]) for row in rows("smpp_submissions")] == [b"Zebra"] and rows("smpp_deliveries") == []


def smpp_export(account_id: int, given=smpp.waiting) -> list[dict]:
    from wesend.people import person
    from wesend.people.mentions import Mentions

    found = person.find(PHONE, account_id, actor=ACTOR)
    return list(given(found, Mentions(found)))


def test_what_is_still_to_leave_keeps_its_address_until_it_has(shop):
    wallet, key_id = shop
    going = send(wallet, PHONE, text="On its way").messages[0]
    put(going["id"], "submitting", claim_token="t", lease_until=1)
    submission(wallet, key_id, "256701234987", going["id"])
    assert erasing.erase(PHONE, patience=0, actor=ACTOR).left == 1
    assert bytes(rows("smpp_submissions")[0]["destination"]) == address("256701234987"), "its receipt names it"
    put(going["id"], "delivered")
    assert erasing.erase(PHONE, patience=0, actor=ACTOR).left == 0
    assert_gone("256701234987")


def test_a_closed_account_keeps_no_text_and_nothing_to_deliver(shop):
    wallet, key_id = shop
    part(wallet, key_id, "256701234987", b"Zebra in part")
    waiting(key_id, address("256701234987") + b"Zebra inbound")
    now = clock.now_ms()

    def more(tx) -> None:
        at = {"created_at": now, "updated_at": now}
        tx.insert("campaign_drafts", uid=new_id(), account_id=wallet.account_id, form='{"text": "Zebra"}', author="a", **at)
        tx.insert("text_templates", account_id=wallet.account_id, name="Zebra", text="Zebra", **at)
        call = {"method": "POST", "path": "/", "status": 200, "ms": 1, "request_id": "r", "request_body": "Zebra"}
        tx.insert("api_calls", account_id=wallet.account_id, key_id=key_id, is_sandbox=0, at=now, address="::1", **call)
        app = {"name": "Shop", "code_length": 6, "expiry_seconds": 600, "template": "Zebra {{code}}"}
        tries = {"max_attempts": 3, "max_resends": 3, "created_at": now}
        tx.insert("verify_apps", uid="app_zebra", account_id=wallet.account_id, side="live", **app, **tries)
        firm = {
            "use_case": "Answers",
            "company_name": "Shop",
            "auto_reply_text": "Zebra",
            "auto_reply_enabled": 1,
            "help_text": "Zebra",
        }
        of = {"account_id": wallet.account_id, "wallet_id": wallet.id, "side": "live", "api": "esms", "country": "UG"}
        tx.insert("two_way_services", type="shared", keyword="ZOO", status="cancelled", created_at=now, **firm, **of)
        sent = tx.one("SELECT id FROM messages ORDER BY id DESC LIMIT 1")[0]
        tx.insert("message_parts", message_id=sent, gateway_ref="g", text="Zebra")
        tx.insert("brought_receipts", gateway="c", message_id=sent, status="sent", raw="Zebra", state="matched", created_at=1)

    put(send(wallet, PHONE, text="Zebra sent").messages[0]["id"], "delivered")
    write(more)
    closing.close(wallet.account_id, is_sure=True, patience=0, actor=ACTOR)
    assert_gone("Zebra")
    assert rows("smpp_deliveries") == [] and keys.find_key(key_id, actor=ACTOR)["revoked_at"] is not None


def test_every_column_of_bytes_is_looked_through():
    found = {
        table.name: {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
        for table in db.metadata.sorted_tables
    }
    assert {name: columns for name, columns in found.items() if columns} == LOOKED_THROUGH
