"""What an account stores is counted to the byte whatever is done, and what is large is refused once there is no room."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from wesend.accounts import quota
from wesend.accounts.service import AccountInfo, get_account, list_accounts
from wesend.contacts import csv_import, groups, service, uploads
from wesend.contacts.service import NewContact
from wesend.contacts.uploads import TooManyUploads
from wesend.core.errors import InvalidInput, StorageQuotaExceeded
from wesend.core.phones import Phone
from wesend.database import Row, query, write
from wesend.messages.email import compose as mail
from wesend.messages.sending import bulk, send
from wesend.messages.sending.compose import Addressee, Composer
from wesend.messages.sending.options import Options, Origin
from wesend.wallets.service import WalletInfo

from ..support.domain import make_wallet

ORIGIN = Origin("worldledgers")
PHONES = [Phone(f"+25670{number:07}", "UG") for number in range(1000, 1200)]


@pytest.fixture
def wallet(context) -> WalletInfo:
    return make_wallet("100000", "SMS", is_sandbox=True)


@pytest.fixture
def account(wallet) -> AccountInfo:
    return get_account(wallet.account_id)


def allow(context, megabytes: float) -> None:
    context.config["WESEND"] = replace(context.config["WESEND"], account_storage_mb=megabytes)


def sms(account, wallet, text: str, count: int = 1, *, as_bulk: bool = False) -> None:
    to = [Addressee(phone.e164, phone) for phone in PHONES[:count]]
    composer = Composer(account, wallet, text)
    if as_bulk:
        send.send_bulk(composer, to, actor="test", origin=ORIGIN, options=Options())
    else:
        send.send(composer, to, actor="test", origin=ORIGIN, in_request=False)


def email(account, wallet, text: str, count: int = 1, **values: str) -> None:
    send.send(
        mail.MailComposer(account, wallet, "Hi", text),
        [Addressee(f"p{number}@example.com", None, values) for number in range(count)],
        actor="test",
        origin=ORIGIN,
        in_request=False,
    )


def counted_anew(account_id: int) -> tuple[int, int]:
    def total(rest: str, *columns: str, each: int = 0) -> int:
        rows = query(f"SELECT * FROM {rest} AND account_id = ?", (account_id,))
        return sum(each + sum(len((row[column] or "").encode()) for column in columns) for row in rows)

    return (
        total("messages WHERE channel <> 'email'", "text", "fields")
        + total("messages WHERE channel = 'email'", "text", "fields", each=500)
        + total("batches WHERE (lane = 1 OR channel = 'email')", "text", "skipped"),
        total("contacts WHERE 1 = 1", "name", "email", "data", each=100)
        + total("groups WHERE 1 = 1", "name", "description", "tags", "columns", each=100),
    )


def assert_counted(account_id: int) -> quota.Stored:
    found = quota.stored(account_id, actor="test")
    assert tuple(found) == counted_anew(account_id)
    return found


def test_everything_is_counted_to_the_byte_and_what_goes_is_taken_off(account, wallet):
    other = make_wallet("10", "SMS", is_sandbox=True)
    sms(account, wallet, "Hello é")
    assert assert_counted(account.id).texts == len("Hello é".encode())
    sms(account, wallet, "Hello", 150)
    sms(account, wallet, "Hello", 3, as_bulk=True)
    email(account, wallet, "Dear {name}", 120, name="Ännchen")
    before = assert_counted(account.id)
    group = groups.create_group(account.id, "Customers", description="é" * 50, tags=["a"], actor="test")
    service.add_contacts(
        account.id,
        group["id"],
        [
            NewContact(PHONES[0].e164, "Ann", {"email": "a@example.com", "x": "é" * 100}),
            NewContact(PHONES[0].e164, "Ann", {}),
            NewContact("12", None, {}),
        ],
        "UG",
        actor="test",
    )
    contact = service.list_contacts(group, limit=1, offset=0, actor="test")[0]
    service.update_contact(account.id, group["id"], contact["id"], NewContact(PHONES[1].e164, None, {"x": "y"}), "UG", actor="test")
    assert assert_counted(account.id).contacts > 0
    imported = csv_import.import_csv(
        account, io.BytesIO(b"phone,city\n+256700000001,Kampala\n+256700000001,X\n1,Y\n"), name="L", actor="test"
    )
    assert imported.group["contact_count"] == 1 and (imported.duplicates, imported.invalid) == (1, 1)
    assert_counted(account.id)
    groups.delete_group(account.id, group["id"], actor="cli")
    groups.delete_group(account.id, imported.group["id"], actor="cli")
    assert assert_counted(account.id) == before._replace(contacts=0)
    write(lambda tx: tx.execute("UPDATE messages SET text = 'gone', fields = NULL WHERE channel = 'email'") and None)
    write(lambda tx: tx.execute("UPDATE batches SET text = ''") and None)
    assert assert_counted(account.id).texts < before.texts
    assert quota.stored(other.account_id, actor="test") == (0, 0)


def test_an_import_that_is_undone_leaves_nothing_counted(account, wallet, monkeypatch):
    monkeypatch.setattr(bulk, "_write_chunk", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sms(account, wallet, "Hello", 150)
    assert assert_counted(account.id).texts == len("Hello")  # its batch stays, as rejected
    with pytest.raises(InvalidInput):
        csv_import.import_csv(account, io.BytesIO(b"phone,x\n"), name="Empty", actor="test")
    assert assert_counted(account.id).contacts == 0


def customers() -> int:
    return group_of_customers()["id"]


def group_of_customers() -> Row:
    return query("SELECT * FROM groups WHERE name = 'Customers'")[0]


LARGE = {
    "a bulk": lambda account, wallet: sms(account, wallet, "Hello", 101),
    "a campaign of one": lambda account, wallet: sms(account, wallet, "Hello", as_bulk=True),
    "an e-mail": lambda account, wallet: email(account, wallet, "Hello"),
    "an e-mail to many": lambda account, wallet: email(account, wallet, "Hello", 150),
    "a group": lambda account, _: groups.create_group(account.id, "Another", actor="test"),
    "a contact": lambda account, _: service.add_contacts(
        account.id, customers(), [NewContact(PHONES[9].e164, None, {})], "UG", actor="test"
    ),
    "a list": lambda account, _: csv_import.import_csv(account, io.BytesIO(b"phone\n+256700000009\n"), name="List", actor="test"),
    "a file": lambda account, _: uploads.keep(account, io.BytesIO(b"phone\n+256700000009\n"), actor="test"),
}


@pytest.fixture
def full(context, account, wallet):
    group = groups.create_group(account.id, "Customers", actor="test")
    service.add_contacts(account.id, group["id"], [NewContact(PHONES[0].e164, "Ann", {"x": "y" * 4000})], "UG", actor="test")
    allow(context, 0.004)


@pytest.mark.parametrize("what", LARGE)
def test_what_is_large_is_refused_when_there_is_no_room_and_writes_nothing(context, full, account, wallet, what):
    def rows() -> list[int]:
        return [
            query(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("batches", "messages", "ledger_entries", "groups", "contacts")
        ]

    before = rows()
    with pytest.raises(StorageQuotaExceeded, match="The account's storage is full: 0.0 of 0 MB are used"):
        LARGE[what](account, wallet)
    assert rows() == before
    assert uploads.waiting_bytes(account.id, actor="test") == 0
    allow(context, 0)
    LARGE[what](account, wallet)


def test_single_messages_go_on_and_a_contact_can_be_made_smaller(full, account, wallet):
    sms(account, wallet, "Hello", 100)
    contact = service.list_contacts(group_of_customers(), limit=1, offset=0, actor="test")[0]
    with pytest.raises(StorageQuotaExceeded):
        service.update_contact(
            account.id,
            customers(),
            contact["id"],
            NewContact(PHONES[0].e164, "Ann", {"x": "y" * 3900, "z": "z" * 200}),
            "UG",
            actor="test",
        )
    service.update_contact(
        account.id, customers(), contact["id"], NewContact(PHONES[1].e164, "Ann", {"x": "y" * 2000}), "UG", actor="test"
    )
    sms(account, wallet, "Hello", 101)


def test_a_request_that_would_not_fit_is_refused_though_there_is_some_room(context, account, wallet):
    allow(context, 1)
    with pytest.raises(StorageQuotaExceeded):
        email(account, wallet, "x" * 2**20)
    email(account, wallet, "x" * (2**20 - 1000))
    with pytest.raises(StorageQuotaExceeded):
        sms(account, wallet, "Hello, this is a message", 150)


def test_files_that_wait_are_counted_bounded_and_forgotten_after_a_day(context, account, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_WAITING", 3)
    tokens = [uploads.keep(account, io.BytesIO(b"phone\n+25670000000%d\n" % number), actor="test") for number in range(3)]
    with pytest.raises(TooManyUploads):
        uploads.keep(account, io.BytesIO(b"phone\n1\n"), actor="test")
    assert uploads.waiting_bytes(account.id, actor="test") == 3 * 20 and uploads.waiting_bytes(account.id + 1, actor="test") == 0
    uploads.forget(account.id, tokens[0])
    monkeypatch.setattr(uploads, "WAITING_LIMIT", 40)
    with pytest.raises(TooManyUploads):
        uploads.keep(account, io.BytesIO(b"phone\n1\n"), actor="test")
    allow(context, 0.00003)
    monkeypatch.setattr(uploads, "WAITING_LIMIT", 1000)
    with pytest.raises(StorageQuotaExceeded):
        uploads.keep(account, io.BytesIO(b"phone\n1\n"), actor="test")
    monkeypatch.setattr(uploads, "KEPT_SECONDS", -1)
    uploads.forget_old()
    assert uploads.waiting_bytes(account.id, actor="test") == 0


def test_the_operator_sees_what_each_account_stores(account, wallet):
    sms(account, wallet, "x" * 100, 3)
    rows = {row["id"]: row["stored_bytes"] for row in list_accounts(actor="cli")}
    assert rows[account.id] == 300
