"""What the audit log tells: who, from where, with which key; and that nobody can fill it or forge it."""

from __future__ import annotations

import csv
import io
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import audit_log
from wesend.accounts.roles import OWNER
from wesend.accounts.service import get_account
from wesend.contacts import csv_import, groups
from wesend.contacts import service as contacts
from wesend.core.errors import InvalidInput
from wesend.database import query, write

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import PASSWORD, Visitor, give_password, make_user, text_of
from ..support.esms import new_esms

pytestmark = pytest.mark.usefixtures("cheap_passwords")
FROM = {"X-Forwarded-For": "203.0.113.9"}


def entries(like: str = "%") -> list[tuple]:
    """Action, who, subject, address, key: of what these tests have not prepared themselves."""
    return [
        tuple(row)
        for row in query(
            "SELECT action, actor, subject, address, api_key_id FROM audit_log"
            " WHERE action LIKE ? AND actor NOT IN ('test', 'system') ORDER BY id",
            (like,),
        )
    ]


@pytest.fixture
def ann(app, shop):
    """An owner with a password."""
    return give_password(app, make_user(app, OWNER, shop.account_id, email="ann@example.com"))


def try_to_sign_in(app, password: str, email: str = "ann@example.com", address: str = "203.0.113.9") -> Visitor:
    visitor = Visitor(app)
    visitor.get("/sign-in")
    visitor.post("/sign-in", email=email, password=password)
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = address
    return visitor


def test_signing_in_and_out_and_failing_to(app, context, ann, shop):
    visitor = Visitor(app)
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"
    visitor.get("/sign-in")
    visitor.post("/sign-in", email="ann@example.com", password="wrong")
    visitor.post("/sign-in", email="ann@example.com", password=PASSWORD)
    visitor.get("/")
    visitor.post("/sign-out")
    assert entries("sign%") == [
        ("sign_in.failed", "not signed in", "ann@example.com", "203.0.113.9", None),
        ("sign_in", "ann@example.com", "ann@example.com", "203.0.113.9", None),
        ("sign_out", "ann@example.com", "ann@example.com", "203.0.113.9", None),
    ]
    assert {row[0] for row in query("SELECT account_id FROM audit_log WHERE action LIKE 'sign%'")} == {shop.account_id}


def test_refusals_are_kept_once_in_a_quarter_of_an_hour(app, context, ann, clock):
    for _ in range(2):
        for _ in range(20):
            try_to_sign_in(app, "wrong")
        assert len(entries("sign_in.throttled")) == 1
        assert len(entries("sign_in.failed")) == 5
        clock.advance(15 * 60 - 1)
        try_to_sign_in(app, "wrong")
        assert len(entries("sign_in.throttled")) == 1
        write(lambda tx: tx.execute("DELETE FROM audit_log WHERE action LIKE 'sign_in%'") and None)
        clock.advance(15 * 60)


def test_failures_of_a_flood_are_not_all_kept(app, context, clock):
    from wesend.accounts import throttle

    for number in range(60):
        throttle.failed(f"user{number}@example.com", "203.0.113.9")
    kept = query("SELECT subject, detail FROM audit_log WHERE action = 'sign_in.failed' ORDER BY id")
    assert len(kept) == throttle.NOTED_OF_PLACE and "not kept" in kept[-1]["detail"]
    for number in range(1000):
        throttle.failed("ann@example.com", f"192.0.{number // 250}.{number % 250}")
    assert query("SELECT count(*) FROM audit_log WHERE action = 'sign_in.failed'")[0][0] == throttle.NOTED_IN_ALL


@pytest.mark.parametrize("path", ["/messages/export?status=failed", "/wallets/{wallet}/statement", "/contacts/{group}/export"])
def test_every_file_that_is_taken_away(app, context, shop, ann, path):
    group = groups.create_group(shop.account_id, "Friends", actor="test")["id"]
    answer = Visitor(app, ann).get(path.format(wallet=shop.wallet, group=group), headers=FROM)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    (entry,) = entries("export")
    assert entry[1:] == ("ann@example.com", answer.headers["Content-Disposition"].split('"')[1], "203.0.113.9", None)


def test_the_log_is_taken_away_as_csv_by_owners_their_own_and_by_operators_all(app, context, shop, ann, operator, member):
    for _ in range(501):
        write(
            lambda tx: audit_log.record(tx, actor="=cmd()", action="test", subject="x", account_id=shop.account_id, detail="a → b")
        )
    write(lambda tx: audit_log.record(tx, actor="system", action="other", subject="y"))
    own = Visitor(app, ann).get("/audit/export", headers=FROM)
    rows = list(csv.DictReader(io.StringIO(own.text.lstrip("\ufeff"))))
    assert len([row for row in rows if row["action"] == "test"]) == 501 and {row["account_id"] for row in rows} == {
        str(shop.account_id)
    }
    assert rows[-1]["at"] <= rows[0]["at"] and {row["actor"] for row in rows if row["action"] == "test"} == {"'=cmd()"}
    assert entries("export")[-1][1:4] == ("ann@example.com", "audit.csv", "203.0.113.9")
    everything = operator.get("/operator/audit/export")
    assert "other" in everything.text and operator.get(f"/operator/audit/export?account={shop.account_id}").text.count("other") == 0
    for path in ("/audit/export", "/operator/audit/export"):
        assert member.get(path).status_code == 403
    assert Visitor(app, ann).get("/operator/audit/export").status_code == 403


def test_a_file_that_an_api_takes_away_is_named_with_the_key(app, context):
    api = new_esms(app)
    assert api.get("/messages/export").status_code == 200
    ((action, who, subject, address, key_id),) = entries("export")
    row = query("SELECT id, prefix FROM api_keys WHERE api = 'esms' ORDER BY id DESC LIMIT 1")[0]
    assert (action, who, subject, address, key_id) == ("export", f"API key {row['prefix']}", "messages.csv", "127.0.0.1", row["id"])


def test_a_file_is_given_although_the_log_cannot_be_written(app, context, ann, monkeypatch, caplog):
    def full(unit):
        raise sqlite3.OperationalError("database or disk is full")

    visitor = Visitor(app, ann)
    monkeypatch.setattr(audit_log, "write", full)
    assert visitor.get("/messages/export").status_code == 200
    assert "export by ann@example.com" in caplog.text


def test_deletions_and_opt_outs_by_hand(app, context, shop, ann):
    visitor = Visitor(app, ann)
    group = groups.create_group(shop.account_id, "Friends", actor="test")
    contacts.add_contacts(shop.account_id, group["id"], [contacts.NewContact("0712345678", "Ann", {})], "UG", actor="test")
    contact = query("SELECT id FROM contacts WHERE group_id = ?", (group["id"],))[0][0]
    assert visitor.post(f"/contacts/{group['id']}/contacts/{contact}/delete").status_code == 303
    assert visitor.post(f"/contacts/{group['id']}/delete").status_code == 303
    assert visitor.post("/contacts/opt-outs", number="0712345678").status_code == 303
    assert visitor.post("/contacts/opt-outs", number="0712345678").status_code == 303, "said twice, noted once"
    assert [entry[:3] for entry in entries()][-3:] == [
        ("contact.delete", "ann@example.com", "+256712345678"),
        ("group.delete", "ann@example.com", "Friends"),
        ("opt_out.add", "ann@example.com", "+256712345678"),
    ]


def test_groups_that_are_made_and_contacts_that_are_changed(app, context, shop, ann):
    visitor = Visitor(app, ann)
    assert visitor.post("/contacts", name="Friends").status_code == 303
    group = query("SELECT id FROM groups WHERE name = 'Friends'")[0][0]
    contacts.add_contacts(shop.account_id, group, [contacts.NewContact("0712345678", "Ann", {})], "UG", actor="test")
    contact = query("SELECT id FROM contacts WHERE group_id = ?", (group,))[0][0]
    assert visitor.post(f"/contacts/{group}/contacts/{contact}", phone="0772345678", name="Ann").status_code == 303
    file = io.BytesIO(b"phone\n0712345678\n0772345678\n")
    csv_import.import_csv(get_account(shop.account_id), file, name="Parents", actor=ann)
    with pytest.raises(InvalidInput):
        csv_import.import_csv(get_account(shop.account_id), io.BytesIO(b"phone\n"), name="Nobody", actor=ann)
    found = query("SELECT action, actor, subject, detail FROM audit_log WHERE action LIKE 'group.%' OR action LIKE 'contact.%'")[1:]
    assert [tuple(row) for row in found] == [
        ("group.create", "ann@example.com", "Friends", None),
        ("contact.change", "ann@example.com", "+256772345678", "group Friends"),
        ("group.create", "ann@example.com", "Parents", "a file, 2 contacts"),
    ]


def test_an_api_names_its_key_for_what_it_deletes_and_changes(app, context):
    api = new_esms(app)
    for url in ("https://one.example/a?token=x", "https://two.example/b", "https://two.example/b"):
        with app.app_context():  # of its own: a request keeps its body there
            assert api.put("/webhooks", {"dlr_url": url}).status_code == 200
    found = query("SELECT * FROM audit_log WHERE action = 'webhook.url' ORDER BY id")
    assert [row["detail"] for row in found] == ["esms none → one.example", "esms one.example → two.example"]
    assert all(row["api_key_id"] and row["address"] == "127.0.0.1" and row["actor"].startswith("API key esms_") for row in found)
    minted = mint(app)
    api = wesendall_of(app, minted)
    with app.app_context():
        group = api.post("/groups", {"walletId": minted.wallet, "name": "Friends"}).json["data"]["id"]
    with app.app_context():
        assert api.delete(f"/groups/{group}", query_string={"walletId": minted.wallet}).status_code == 204
    ((_, who, subject, _, key_id),) = entries("group.delete")
    assert who.startswith("API key ws_live_") and (subject, key_id) == ("Friends", minted.key_id)


def test_owners_read_their_accounts_log_members_do_not_and_nobody_reads_anothers(app, context, shop, owner, member, operator):
    other = mint(app, "esms")
    rival = make_user(app, OWNER, other.account_id, email="rival@example.com")
    owner.post("/keys", api="esms", wallet=shop.wallet, name="Web", scopes="send")
    Visitor(app, rival).post("/keys", api="esms", wallet=other.wallet, name="Web", scopes="send")
    shown = text_of(owner.get("/audit"))
    assert "key.create" in shown and "from 127.0.0.1" in shown and "rival@example.com" not in shown
    assert member.get("/audit").status_code == 403
    assert owner.get("/operator/audit").status_code == 403
    assert "rival@example.com" not in text_of(owner.get(f"/audit?account={other.account_id}"))
    everything = text_of(operator.get("/operator/audit"))
    assert "rival@example.com" in everything and shop.credentials.secret not in everything
    assert owner.get("/").text.count(">Audit log<") == operator.get("/").text.count(">Audit log<") == 1


def test_an_owner_of_a_suspended_account_still_reads_it(app, context, shop, owner, operator):
    operator.post(f"/operator/accounts/{shop.account_id}/suspend")
    assert "account.suspended" in text_of(owner.get("/audit"))


@given(st.text(max_size=400))
def test_no_text_breaks_a_line_or_hides_itself(text):
    shown = audit_log.plain(text)
    assert shown.isprintable() and len(shown) <= 1 + audit_log.LONGEST * 1
    assert audit_log.plain("ann@example.com, Friends & Söhne") == "ann@example.com, Friends & Söhne"


def test_what_a_stranger_types_is_one_entry_whatever_it_is(app, context):
    hostile = "x@example.com\n2026-01-01 sign_in root\x1b[31m\u202e<script>alert(1)</script>"
    visitor = Visitor(app)
    visitor.get("/sign-in")
    visitor.post("/sign-in", email=hostile, password="wrong")
    ((_, _, subject, _, _),) = entries("sign_in.failed")
    assert "\n" not in subject and "\x1b" not in subject and "\u202e" not in subject and "\\n2026" in subject
    page = Visitor(app, make_user(app)).get("/operator/audit")
    assert "<script>alert" not in page.text
