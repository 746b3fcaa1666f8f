"""A person is erased: nothing of them is left in a byte of the database; what was paid, counted and refused stays."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import pytest
from flask import current_app
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from wesend.accounts import audit_log
from wesend.accounts.roles import MEMBER, OWNER, User
from wesend.accounts.service import get_account
from wesend.contacts import csv_import, opting_out, uploads
from wesend.core import clock
from wesend.core.erased import is_erased, token_of
from wesend.core.errors import Forbidden, InvalidInput, NotFound, NotRetryable, OptedOut
from wesend.database import query, schema, write
from wesend.messages.receipts import inbox as receipts
from wesend.messages.sending import actions
from wesend.messages.sending.options import Options
from wesend.messages.state.redaction import REMOVED
from wesend.people import account_export, erasing, exporting, rows, tables
from wesend.sandbox import handed_in
from wesend.wallets import deposits  # noqa: F401 (its table)

from ..support.domain import ACTOR, balance, make_account, make_wallet, message, named, problems, put, send
from ..support.inbound import receive
from .stored import assert_gone

PHONE, OTHER = "+256701234987", "+256772000001"
EMAIL = "amina.n+shop@example.com"


def user(role: str, account_id: int) -> User:
    return User(7, "owner@example.com", role, account_id, True, True)


def import_list(account_id: int, text: str, name: str = "Clients"):
    return csv_import.import_csv(get_account(account_id), io.BytesIO(text.encode()), name=name, actor=ACTOR)


def erase(address: str = PHONE, **more) -> erasing.Erased:
    return erasing.erase(address, actor=ACTOR, **{"patience": 0, **more})


def of_table(table: str) -> list[dict]:
    return [dict(row) for row in query(f"SELECT * FROM {table} ORDER BY id")]


def test_nothing_is_left_of_somebody_who_is_everywhere(carrier, app):
    wallet = make_wallet("1000")
    account = get_account(wallet.account_id)
    import_list(
        account.id, f"phone,name,email,city\n{PHONE},Amina Nakato,{EMAIL},Mbarara\n{OTHER},Bob Okello,bob@example.com,Jinja\n"
    )
    uploads.keep(account, io.BytesIO(f"phone,name\n{PHONE},Amina Nakato\n".encode()), actor=ACTOR)
    mine = send(wallet, PHONE, text="Dear Amina Nakato, Zebra77").messages[0]
    shared = send(wallet, PHONE, OTHER, text="To all of you").messages
    put(mine["id"], "delivered", gateway_ref="abc-256701234987-1", error_message=f"to {PHONE}")
    put(shared[0]["id"], "submitted", gateway_ref="x1")
    about = send(wallet, OTHER, text="Your driver is 0701234987").messages[0]
    put(about["id"], "delivered")
    receive("carrier", PHONE, None, "I am Amina Nakato", account_id=account.id)
    opting_out.opt_out(account, PHONE, actor=ACTOR)
    audit_log.note(actor=ACTOR, action="test", subject=f"looked for {PHONE}", account_id=account.id, detail="256701234987")
    receipts.keep("carrier", [], None)
    write(
        lambda tx: tx.insert(
            "brought_receipts", gateway="carrier", recipient="256701234987", status="delivered", raw="to=%2B256701234987&x=1",
            state="unmatched", created_at=1,
        )
    )  # fmt: skip
    handed_in.keep([EMAIL], b"Subject: Hi\r\n\r\nDear Amina Nakato")
    before = balance(wallet)

    done = erase()

    assert_gone("256701234987", "701234987", "Amina", "Nakato", EMAIL, "Zebra77", "Mbarara")
    assert done.left == 0 and done.kept_in == [] and done.token == token_of(PHONE)
    assert problems() == []
    assert balance(wallet) == before, "nothing of it waited"
    assert [row["contact_count"] for row in of_table("groups") if row["account_id"] == account.id] == [2]
    assert message(shared[1]["id"])["text"] == "To all of you" and message(shared[1]["id"])["recipient"] == OTHER
    assert message(mine["id"])["text"].startswith(REMOVED) and is_erased(message(mine["id"])["recipient"])
    assert message(about["id"])["text"] == f"Your driver is {token_of(PHONE)}"
    assert "Bob Okello" in str(of_table("contacts"))


def test_an_opt_out_is_honoured_by_its_hash_until_it_is_taken_back(carrier):
    wallet = make_wallet("1000")
    account = get_account(wallet.account_id)
    opting_out.opt_out(account, PHONE, actor=ACTOR)
    erase()
    with pytest.raises(OptedOut):
        send(wallet, PHONE)
    imported = import_list(account.id, f"phone\n{PHONE}\n{OTHER}\n")
    assert (imported.group["contact_count"], imported.skipped) == (1, 1)
    assert_gone("256701234987")
    assert opting_out.opt_in(account, "sms", PHONE, actor=ACTOR)
    assert len(send(wallet, PHONE).messages) == 1


def test_somebody_who_had_not_opted_out_may_come_again_and_be_erased_again(carrier):
    wallet = make_wallet("1000")
    import_list(wallet.account_id, f"phone,name\n{PHONE},Amina\n")
    group = query("SELECT id FROM groups WHERE account_id = ?", (wallet.account_id,))[0]["id"]
    erase()
    write(
        lambda tx: tx.insert(
            "contacts", group_id=group, account_id=wallet.account_id, phone=PHONE, country="UG", name="Amina", created_at=1
        )
    )
    send(wallet, PHONE, text="Amina again")
    erase()
    assert_gone("256701234987", "Amina")
    assert len(of_table("contacts")) - len([row for row in of_table("contacts") if row["account_id"] == 1]) == 1


def test_what_waits_is_taken_back_and_refunded_and_never_leaves(carrier, jobs, clock):
    wallet = make_wallet("1000")
    later = send(wallet, PHONE, options=Options(mode="scheduled", scheduled_at=int(clock() * 1000) + 3_600_000)).messages[0]
    now = send(wallet, PHONE).messages[0]
    done = erase()
    assert done.cancelled == 2 and balance(wallet) == "1000"
    clock.advance(4000)
    jobs.dispatch()
    assert carrier.submitted == []
    assert {message(row["id"])["status"] for row in (later, now)} == {"cancelled"}
    with pytest.raises(NotRetryable):
        account, uid = named(message(now["id"]))
        actions.retry(account, uid, actor=ACTOR)


def test_what_is_on_its_way_is_left_to_whoever_has_it_and_told(carrier):
    wallet = make_wallet("1000")
    going = send(wallet, PHONE, text="On its way").messages[0]
    put(going["id"], "submitting", claim_token="t", lease_until=1)
    assert erase().left == 1
    assert message(going["id"])["recipient"] == PHONE, "a retry of it goes to them, not to a hash"
    put(going["id"], "submitted", gateway_ref="r1")
    assert erase().left == 0
    assert_gone("256701234987", "On its way")


def test_a_text_that_waits_for_somebody_else_is_changed_once_it_has_left(carrier):
    wallet = make_wallet("1000")
    about = send(wallet, OTHER, text=f"Call {PHONE}").messages[0]
    assert erase().left == 2, "the message and its batch"
    assert message(about["id"])["text"] == f"Call {PHONE}"
    put(about["id"], "delivered")
    write(lambda tx: tx.changed("UPDATE batches SET state = 'finished'"))
    assert erase().left == 0
    assert_gone("256701234987")


def test_a_draft_to_others_keeps_its_text_and_one_to_them_alone_does_not(carrier):
    wallet = make_wallet("1000")
    at = {"account_id": wallet.account_id, "author": "a", "created_at": 1, "updated_at": 1}
    forms = {
        "to-many": {"numbers": f"0701234987\n{OTHER}", "text": "Sale on Friday", "group": []},
        "to-a-list": {"numbers": PHONE, "group": ["4"], "text": "Call 0701234987, Zebra"},
        "to-them": {"numbers": f" {PHONE},", "text": "Dear Amina", "group": []},
        "by-mail": {"addresses": "Bob <bob@example.com>, a@example.com", "text": f"Call {PHONE}", "groups": []},
    }
    for uid, form in forms.items():
        write(lambda tx, uid=uid, form=form: tx.insert("campaign_drafts", uid=uid, form=json.dumps(form), **at))
    erase()
    token = token_of(PHONE)
    kept = {row["uid"]: json.loads(row["form"]) for row in of_table("campaign_drafts")}
    assert kept["to-many"] == {"numbers": f"{token}\n{OTHER}", "text": "Sale on Friday", "group": []}
    assert kept["to-a-list"] == {"numbers": token, "group": ["4"], "text": f"Call {token}, Zebra"}
    assert kept["to-them"] == {"numbers": f" {token},", "text": token, "group": []}
    assert kept["by-mail"]["text"] == f"Call {token}"
    assert_gone("256701234987", "701234987", "Amina")


def test_a_receipt_that_comes_afterwards_brings_nothing_back(carrier):
    from wesend.adapters.sms.base import CallbackReceipt, Receipt

    wallet = make_wallet("1000")
    sent = send(wallet, PHONE).messages[0]
    put(sent["id"], "submitted", gateway="carrier", gateway_ref="r1")
    erase()
    receipts.keep("carrier", [CallbackReceipt("r1", None, PHONE, Receipt("delivered"))], f"to={PHONE}")
    receipts.match_new()
    assert message(sent["id"])["status"] == "delivered"
    assert "256701234987" not in str(of_table("brought_receipts"))


def test_one_account_of_two(carrier):
    first, second = make_wallet("1000"), make_wallet("1000")
    for wallet in (first, second):
        send(wallet, PHONE, text=f"From {wallet.account_id}")
        import_list(wallet.account_id, f"phone,name\n{PHONE},Amina {wallet.account_id}\n")
    erase(account_id=first.account_id)
    assert_gone(f"Amina {first.account_id}")
    kept = [row for row in of_table("contacts") if row["account_id"] == second.account_id]
    assert [row["name"] for row in kept] == [f"Amina {second.account_id}"]


def test_who_may(carrier):
    mine, others = make_wallet("100"), make_account("Elsewhere")
    with pytest.raises(Forbidden):
        erasing.erase(PHONE, actor=user(OWNER, mine.account_id))
    with pytest.raises(Forbidden):
        erasing.erase(PHONE, mine.account_id, actor=user(MEMBER, mine.account_id))
    with pytest.raises(NotFound):
        erasing.erase(PHONE, others.id, actor=user(OWNER, mine.account_id))
    with pytest.raises(InvalidInput):
        erase("nobody")
    assert erasing.erase(PHONE, mine.account_id, patience=0, actor=user(OWNER, mine.account_id)).left == 0
    entry = query("SELECT * FROM audit_log WHERE action = 'person.erase' ORDER BY id DESC LIMIT 1")[0]
    assert (entry["actor"], entry["subject"], entry["account_id"]) == ("owner@example.com", token_of(PHONE), mine.account_id)


def test_the_ledger_is_immutable_but_for_an_erased_persons_number(carrier):
    wallet = make_wallet("1000")
    write(
        lambda tx: tx.insert(
            "ledger_entries", wallet_id=wallet.id, kind="manual_credit", amount_micros=5, balance_after_micros=1_000_000_005,
            description=f"Top-up from {PHONE}", created_at=1,
        )
    )  # fmt: skip
    write(lambda tx: tx.execute("UPDATE wallets SET balance_micros = balance_micros + 5 WHERE id = ?", (wallet.id,)) and None)
    erase()
    assert_gone("256701234987")
    assert problems() == []
    for change in ("amount_micros = 9", "description = 'other'", "amount_micros = 9, description = 'erased-'", "message_id = 3, description = 'erased-1'"):  # fmt: skip  # noqa: E501
        with pytest.raises(Exception, match="immutable"):
            write(lambda tx, change=change: tx.changed(f"UPDATE ledger_entries SET {change} WHERE wallet_id = ?", (wallet.id,)))


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=6, max_size=20).map("Zq".__add__)
LOCALS = st.text("abcdefghijklmnopqrstuvwxyz0123456789._+%-", min_size=6, max_size=20).map(lambda text: f"q{text.strip('.')}z")


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(digits=st.integers(70_000_000, 79_999_999), name=NAMES, local=LOCALS, text=NAMES)
def test_persons_of_any_kind(carrier, digits, name, local, text):
    phone, email = f"+2567{digits}", f"{local.replace('..', '.')}@example.org"
    wallet = make_wallet("100")
    listed = io.StringIO()
    import csv

    csv.writer(listed).writerows([["phone", "name", "email"], [phone, name, email]])
    import_list(wallet.account_id, listed.getvalue())
    sent = send(wallet, phone, text=text).messages[0]
    put(sent["id"], "delivered")
    audit_log.note(actor=ACTOR, action="test", subject=phone, detail=f"{email} {phone[1:]}")
    erase(phone)
    assert_gone(phone[1:], email, name, text)
    assert problems() == []


def test_storms_beside_it_lose_nothing(carrier):
    wallet = make_wallet("100000")
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    wrong: list[BaseException] = []

    def storm() -> None:
        try:
            with app.app_context():
                for _ in range(15):
                    send(wallet, PHONE, OTHER)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=storm) for _ in range(4)]
    for thread in threads:
        thread.start()
    erase()
    for thread in threads:
        thread.join()
    assert wrong == []
    erase()
    assert problems() == []
    assert query("SELECT count(*) FROM messages WHERE recipient = ?", (OTHER,))[0][0] == 60
    assert_gone("256701234987")


def test_every_table_is_looked_through_or_said_to_be_nobodys():
    looked = {place.table for configuration in (False, True) for place in tables.places(configuration=configuration)}
    rest = (
        {table.name for table in schema.tables_of_text(schema.db.metadata) if set(table.texts) - tables.IDS}
        - looked
        - tables.NOBODY
    )
    assert rest <= {"replies", "inbound_counts", "unlisted_words"}, "of no person: name it in tables.NOBODY, or give it an id"


def test_what_is_looked_through_is_given_too_or_said_not_to_be():
    given = {"messages", *(kind.table for kind in rows.KINDS)} | exporting.MENTIONED
    assert not given & exporting.NOT_GIVEN
    assert {place.table for place in tables.places()} == given | exporting.NOT_GIVEN


def test_what_newer_features_keep_of_a_person_is_exported(carrier):
    wallet = make_wallet("1000")
    account_id, now = wallet.account_id, clock.now_ms()

    def keep(tx) -> None:
        key = tx.one("SELECT id FROM api_keys ORDER BY id LIMIT 1")["id"]
        at = {"created_at": now, "updated_at": now}
        call = {"method": "GET", "status": 200, "ms": 1, "request_id": "r", "at": now, "address": "::1", "is_sandbox": 0}
        tx.insert("api_calls", account_id=account_id, key_id=key, path=f"/contacts/{PHONE}", **call)
        form = json.dumps({"numbers": f"{PHONE}, {OTHER}", "text": "Hi"})
        tx.insert("campaign_drafts", uid="draft-1", account_id=account_id, form=form, author="a", **at)
        tx.insert("text_templates", account_id=account_id, name="Call", text=f"Call {PHONE}", **at)

    write(keep)
    whole = zipfile.ZipFile(io.BytesIO(b"".join(exporting.start(PHONE, account_id=account_id, actor=ACTOR))))
    told = {name.removesuffix(".json"): json.loads(whole.read(name)) for name in whole.namelist()}
    assert [row["path"] for row in told["api_calls"]] == [f"/contacts/{PHONE}"]
    assert [row["uid"] for row in told["campaign_drafts"]] == ["draft-1"]
    assert [row["text"] for row in told["text_templates"]] == [f"Call {PHONE}"]
    assert OTHER not in str(told), "a draft names others, too"


def test_an_export_has_all_of_it(carrier, tmp_path):
    wallet = make_wallet("1000")
    account = get_account(wallet.account_id)
    import_list(account.id, f"phone,name,email\n{PHONE},Amina Nakato,{EMAIL}\n{OTHER},Bob Okello,\n")
    uploads.keep(account, io.BytesIO(f"phone,name\n{PHONE},Amina Upload\n{OTHER},Bob\n".encode()), actor=ACTOR)
    send(wallet, PHONE, OTHER, text="Dear Amina")
    receive("carrier", PHONE, None, "I am Amina", account_id=account.id)
    opting_out.opt_out(account, PHONE, actor=ACTOR)
    done = exporting.to_file("0701 234 987", tmp_path / "p.zip", actor=ACTOR)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert archive.testzip() is None
        told = {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}
    assert told["person"]["addresses"] == [PHONE, EMAIL]
    assert [row["text"] for row in told["messages"]] == ["Dear Amina"] and told["messages"][0]["events"]
    assert [row["name"] for row in told["contacts"]] == ["Amina Nakato"]
    assert [row["text"] for row in told["inbound_messages"]] == ["I am Amina"]
    assert [row["address"] for row in told["opt_outs"]] == [PHONE]
    assert [row["line"] for row in told["uploads"]] == [f"{PHONE},Amina Upload"]
    assert any(row["action"] == "opt_out.add" for row in told["audit_log"])
    assert "Bob" not in str(told) and OTHER not in str(told)
    assert done.counts["messages"] == 1
    mine = exporting.start(PHONE, account_id=account.id, actor=user(OWNER, account.id))
    whole = zipfile.ZipFile(io.BytesIO(b"".join(mine)))
    assert "gateway" not in json.loads(whole.read("messages.json"))[0] and "brought_receipts.json" not in whole.namelist()


def test_an_accounts_export_tells_why_a_message_failed_and_not_by_whom(carrier):
    wallet = make_wallet("1000")
    put(send(wallet, PHONE).messages[0]["id"], "failed", error_code="X", error_message="The gateway a-b rests after failures")
    put(send(wallet, PHONE).messages[0]["id"], "delivered", error_message="DELIVRD")
    whole = zipfile.ZipFile(io.BytesIO(b"".join(account_export.start(wallet.account_id, actor=ACTOR))))
    told = [row["error_message"] for row in json.loads(whole.read("messages.json"))]
    assert told == ["The gateway rests after failures", None]
    assert "The gateway rests after failures" in whole.read("messages.csv").decode("utf-8-sig")
