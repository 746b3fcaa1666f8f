"""On a running server: of an erased person, and in a closed account, no byte of what came over SMPP is left."""

from __future__ import annotations

import pytest

from tests.support.smpp_client import TRANSMITTER
from wesend.database.schema import db

from .test_parts import header

PHONE, WIDE = "256701234987", "Zebra für Amina"


def stored(server) -> bytes:
    """Of SQLite the files themselves, with what lies unused in them; of PostgreSQL every row."""
    if "WESEND_DATABASE_URL" not in server.environment:
        return b"".join(path.read_bytes() for path in server.instance.glob("wesend.db*"))
    rows = [row for table in db.metadata.sorted_tables for row in server.query(f'SELECT * FROM "{table.name}"')]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


@pytest.fixture
def told(server):
    """A customer who was sent to and whose client took no receipt: of a message, and of a part that waits for its other."""
    customer = server.customer()
    with server.bound(server.key(customer), TRANSMITTER) as client:
        client.submit(PHONE, WIDE.encode("utf-16-be"), data_coding=8, registered=1)
        client.submit(PHONE, header(77, 2, 1) + b"Zebra in part", esm_class=0x40, registered=1)
    server.wait_until(lambda: server.query("SELECT 1 FROM smpp_deliveries"), 15, "a receipt waits")
    assert b"Zebra in part" in stored(server)
    return customer


def assert_nothing_left(server, *more: bytes) -> None:
    whole = stored(server)
    found = [text for text in (b"Zebra", "Zebra".encode("utf-16-be"), *more) if text in whole]
    assert found == [] and server.command("audit")["ok"]


def test_a_person_is_erased(server, told):
    done = server.command("person", "erase", "+" + PHONE, "--account", str(told["account_id"]))
    assert done["left"] == 0 and done["erased"]["smpp_submissions"] >= 1
    assert_nothing_left(server, PHONE.encode(), PHONE.encode("utf-16-be"))


def test_an_account_is_closed(server, told):
    assert server.command("account", "close", str(told["account_id"]), "--yes")["status"] == "closed"
    assert_nothing_left(server)
    assert server.query("SELECT count(*) FROM smpp_deliveries") == [(0,)]
