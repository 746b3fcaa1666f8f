"""submit_sm: how each field is read, what is refused with which status, and what it costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.smpp_client import SUBMIT, Client, submit_body, tlv

PHONE = "256712345678"
PAYLOAD, SUBUNIT, REFERENCE = 0x0424, 0x0005, 0x0204


def row_of(server, message_id: str) -> dict:
    names = (
        "recipient",
        "sender",
        "text",
        "segments",
        "encoding",
        "status",
        "form",
        "cost_micros",
        "due_at",
        "created_at",
        "valid_until",
    )
    (row,) = server.query(f"SELECT {', '.join(names)} FROM messages WHERE uid = ?", message_id)
    return dict(zip(names, row, strict=True))


def test_a_message_is_one_of_wesends(server, client):
    got = client.submit(PHONE, b"Hello")
    assert got.status == 0 and re.fullmatch(r"[0-9a-f-]{36}\0", got.body.decode())
    row = row_of(server, got.message_id)
    assert (row["recipient"], row["text"], row["segments"], row["encoding"]) == ("+256712345678", "Hello", 1, "GSM-7")


@pytest.mark.parametrize(
    ("to", "ton", "status"),
    [
        ("256712345678", 1, 0),
        ("+256712345678", 1, 0),
        ("00256712345678", 0, 0),
        ("256712345678", 0, 0),
        ("0712345678", 2, 0),
        ("712345678", 2, 0),
        ("0712345678", 1, 0x0B),
        ("0712345678", 0, 0x0B),
        ("256712345678", 5, 0x0B),
        ("SHOP", 0, 0x0B),
        ("", 1, 0x0B),
        ("2567", 1, 0x0B),
        ("2567123456782567123456", 1, 0x0B),
    ],
)
def test_destinations(server, client, to, ton, status):
    got = client.submit(to, ton=ton)
    assert got.status == status
    if not status:
        assert row_of(server, got.message_id)["recipient"] == "+256712345678"


@pytest.mark.parametrize(
    ("data_coding", "content", "text", "form"),
    [
        (0, b"a\x00\x1b\x65", "a@€", None),
        (1, b"plain~", "plain~", None),
        (3, "héllo".encode("latin-1"), "héllo", None),
        (8, "日本 😀".encode("utf-16-be"), "日本 😀", None),
        (0x10, b"now", "now", "flash"),
        (0xF0, b"now", "now", "flash"),
        (0x18, "日".encode("utf-16-be"), "日", "flash"),
    ],
)
def test_data_codings_of_texts(server, client, data_coding, content, text, form):
    row = row_of(server, client.submit(PHONE, content, data_coding=data_coding).message_id)
    assert (row["text"], row["form"]) == (text, form)


def test_a_subunit_asks_for_a_flash_message(server, client):
    row = row_of(server, client.submit(PHONE, tlvs=tlv(SUBUNIT, b"\1")).message_id)
    assert row["form"] == "flash"


@pytest.mark.parametrize("data_coding", [2, 4, 0xF4, 0xF5])
def test_bytes_go_by_smpp_gateways_alone(client, data_coding):
    assert client.submit(PHONE, b"\1\2", data_coding=data_coding).status == 0x0B
    assert client.submit(PHONE, b"x" * 141, data_coding=data_coding).status == 0x01


@pytest.mark.parametrize("data_coding", [5, 6, 7, 9, 0x0A, 0x20, 0xC0, 0xFF])
def test_other_data_codings(client, data_coding):
    assert client.submit(PHONE, data_coding=data_coding).status == 0x104


@pytest.mark.parametrize("esm_class", [0, 1, 2, 3, 0x80])
def test_modes_are_alike(client, esm_class):
    assert client.submit(PHONE, esm_class=esm_class).status == 0


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x10, 0x20, 0x3C])
def test_other_types_of_messages(client, esm_class):
    assert client.submit(PHONE, esm_class=esm_class).status == 0x43


def test_a_payload_in_place_of_the_short_message(server, client):
    got = client.submit(PHONE, b"", tlvs=tlv(PAYLOAD, b"y" * 200) + tlv(0x1400, b"unknown"))
    assert (row_of(server, got.message_id)["text"], row_of(server, got.message_id)["segments"]) == ("y" * 200, 2)
    assert client.submit(PHONE, b"both", tlvs=tlv(PAYLOAD, b"both")).status == 0x01
    assert client.submit(PHONE, b"").status == 0x01
    assert client.submit(PHONE, b"", tlvs=tlv(PAYLOAD, b"y" * 1600)).status == 0x01


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"replaces": 1}, 0x54),
        ({"default_message": 1}, 0x63),
        ({"schedule": "tomorrow"}, 0x61),
        ({"schedule": "261399000000000+"}, 0x61),
        ({"schedule": "000100000000000R"[:15]}, 0x61),
        ({"schedule": "000400000000000R"}, 0x61),
        ({"validity": "later"}, 0x62),
        ({"validity": "261332000000000+"}, 0x62),
        ({"source": "NOTMINE", "source_ton": 5}, 0x0A),
        ({"source": "256700000000", "source_ton": 1}, 0x0A),
        ({"source": "x" * 21}, 0x0A),
    ],
)
def test_fields_that_are_refused(client, fields, status):
    got = client.submit(PHONE, **fields)
    assert (got.status, got.body) == (status, b"")


def test_bodies_that_are_cut_short(client):
    whole = submit_body(PHONE, b"Hello", tlvs=tlv(REFERENCE, b"\0\7"))
    for end in (0, 1, 3, 9, 20, len(whole) - 12, len(whole) - 1):
        assert client.call(SUBMIT, whole[:end]).status == 0x02
    assert client.submit(PHONE, b"Hello", length=200).status == 0x02
    assert client.submit(PHONE).status == 0


def when(ahead: timedelta) -> str:
    return (datetime.now(UTC) + ahead).strftime("%y%m%d%H%M%S") + "000+"


@pytest.mark.parametrize(
    "schedule",
    [
        lambda: when(timedelta(hours=2)),
        lambda: "000000020000000R",
        lambda: when(timedelta(hours=5))[:13] + "12+",  # as clocks three hours ahead show it
    ],
    ids=["at", "in", "at, by other clocks"],
)
def test_a_scheduled_message_waits_and_is_taken_back(server, client, customer, schedule):
    before, hours = server.balance(customer), 2
    message_id = client.submit(PHONE, schedule=schedule(), registered=1).message_id
    row = row_of(server, message_id)
    assert row["status"] == "scheduled" and abs(row["due_at"] - row["created_at"] - hours * 3_600_000) < 60_000
    assert client.state_of(message_id) == 1
    assert client.cancel(message_id).status == 0
    assert client.state_of(message_id) == 4
    assert client.receipt_of(message_id).field("stat") == "DELETED"
    assert client.cancel(message_id).status == 0x11
    assert server.balance(customer) == before


def test_what_is_past_leaves_now(server, client):
    row = row_of(server, client.submit(PHONE, schedule=when(timedelta(days=-1))).message_id)
    assert row["status"] != "scheduled"


@pytest.mark.parametrize(
    ("validity", "seconds"),
    [("000000000500000R", 300), ("000000000001000R", 60), ("000009000000000R", 172_800), (timedelta(hours=1), 3600)],
)
def test_a_validity_is_cut_to_its_bounds(server, client, validity, seconds):
    given = when(validity) if isinstance(validity, timedelta) else validity
    row = row_of(server, client.submit(PHONE, validity=given).message_id)
    assert abs(row["valid_until"] - row["due_at"] - seconds * 1000) < 5000


def test_what_ends_in_the_sandbox(client):
    ids = {ending: client.submit("25671" + ending, registered=1).message_id for ending in ("0000099", "0000077", "0000044")}
    assert client.submit("256710000088").status == 0x400
    assert client.receipt_of(ids["0000099"]).field("stat") == "UNDELIV" and client.state_of(ids["0000099"]) == 5
    assert client.receipt_of(ids["0000077"]).field("stat") == "REJECTD" and client.state_of(ids["0000077"]) == 8
    assert client.receipt_of(ids["0000044"]).field("stat") == "DELIVRD" and client.state_of(ids["0000044"]) == 2


def test_too_little_money(server):
    poor = server.customer("10")
    with server.bound(server.key(poor)) as client:
        assert client.submit(PHONE, registered=1).status == 0x400
    assert server.query(
        "SELECT count(*) FROM messages m JOIN accounts a ON a.id = m.account_id WHERE a.id = ?", poor["account_id"]
    ) == [(0,)]


def test_who_opted_out_and_who_is_not_allowed(server):
    customer = server.customer()
    server.command("opt-out", "add", "--account", str(customer["account_id"]), "+256712000111")
    server.command("account", "set", str(customer["account_id"]), "--countries", "KE,UG")
    with server.bound(server.key(customer)) as client:
        assert client.submit("256712000111").status == 0x401
        assert client.submit("255712345678").status == 0x0B


def test_the_operator_is_told_why_there_is_no_route(server):
    """As of a send by HTTP; of bytes not, which most routes don't carry."""
    customer = server.customer(is_sandbox=False)
    with server.bound(server.key(customer)) as client:
        assert client.submit("4915112345678", b"\1", data_coding=4).status == 0x0B
        assert "no route for account" not in server.output()
        assert client.submit("4915112345678").status == 0x0B
    assert f"no route for account {customer['account_id']} to DE" in server.output()


def test_a_daily_limit(server):
    customer = server.customer()
    server.command("account", "set", str(customer["account_id"]), "--daily-limit", "70")
    with server.bound(server.key(customer)) as client:
        statuses = [client.submit(PHONE).status for _ in range(4)]
    assert set(statuses) == {0, 0x403} and statuses == sorted(statuses)


def test_senders(server):
    customer = server.customer()
    server.command("sender", "add", "--account", str(customer["account_id"]), "--name", "Shop", "--countries", "UG", "--approve")
    with server.bound(server.key(customer, "--default-sender", "Shop")) as client:
        assert row_of(server, client.submit(PHONE, source="SHOP", source_ton=5).message_id)["sender"] == "Shop"
        for nobody in ("", "  "):
            assert row_of(server, client.submit(PHONE, source=nobody).message_id)["sender"] == "Shop"
        assert client.submit("254712345678", source="Shop", source_ton=5).status == 0x0A
    with server.bound(server.key(customer, "--senders", "any")) as client:
        assert row_of(server, client.submit(PHONE, source="Anybody", source_ton=5).message_id)["sender"] == "Anybody"
        assert (
            row_of(server, client.submit(PHONE, source="123456789012345", source_ton=1).message_id)["sender"] == "123456789012345"
        )
        assert client.submit(PHONE, source="TwelveLetter", source_ton=5).status == 0x0A
        assert client.submit(PHONE, source="1234567890123456", source_ton=1).status == 0x0A


def test_a_number_of_ones_own(server):
    """The sandbox's service answers from 32811, in Uganda; a sender ID of the same digits is another thing."""
    with server.bound(server.command("sandbox")["smpp"]) as client:
        for source, ton in (("32811", 3), ("32811", 0), ("+32811", 1)):
            got = client.submit(PHONE, source=source, source_ton=ton)
            assert got.status == 0 and row_of(server, got.message_id)["sender"] == "32811"
        assert client.submit(PHONE, source="32811", source_ton=5).status == 0x0A
        assert client.submit(PHONE, source="32812", source_ton=3).status == 0x0A
        assert client.submit("254712345678", source="32811", source_ton=3).status == 0x0A, "it is of another country"
        assert client.submit(PHONE, b"  ", source="32811", source_ton=3).status == 0x01


def test_ids_of_others_and_of_nobody(server, client):
    other = server.customer()
    with server.bound(server.key(other)) as stranger:
        theirs = stranger.submit(PHONE).message_id
    for message_id in (theirs, "nothing", ""):
        assert client.query(message_id).status == 0x0C
        assert client.cancel(message_id).status == 0x11


def test_a_query_tells_the_final_date(client):
    message_id = client.submit(PHONE, registered=1).message_id
    client.receipt_of(message_id)
    got = client.query(message_id)
    found, date, rest = got.body.split(b"\0", 2)
    assert found.decode() == message_id and re.fullmatch(rb"\d{12}000\+", date) and rest == bytes((2, 0))


def test_what_left_can_not_be_taken_back(client):
    message_id = client.submit(PHONE, registered=1).message_id
    client.receipt_of(message_id)
    assert client.cancel(message_id).status == 0x11


def test_every_answer_came_for_what_was_paid(server, client, customer):
    """A storm of one bind's window: as many messages as were acknowledged, each paid once."""
    before = server.query("SELECT count(*) FROM messages")[0][0]
    accepted = storm(client, 300)
    assert len(set(accepted)) == 300
    assert server.query("SELECT count(*) FROM messages")[0][0] - before == 300
    assert server.command("audit")["ok"]


def storm(client: Client, count: int, window: int = 40) -> list[str]:
    body, out, ids = submit_body(PHONE), [], []
    for _ in range(count):
        out.append(client.send(SUBMIT, body))
        if len(out) >= window:
            ids.append(client.answer_of(out.pop(0)).message_id)
    return ids + [client.answer_of(sequence).message_id for sequence in out]
