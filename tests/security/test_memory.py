"""Requests that once blew up, on a running server: what its processes take at their peak, and what is left in the database."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator

import pytest
import requests
from sqlalchemy import LargeBinary, Table

from tests.server.conftest import new_instance as new_instance
from tests.support.memory import Peak
from tests.support.server import Server, free_port
from wesend.database.schema import db

from ..support.published import CREDENTIALS

MOST = 300.0  # MB, of all processes together
HEADERS = {"X-API-Key": CREDENTIALS["worldledgers"].secret}
PAGE_20 = "<p>" + "Hello wor " * 20_000 + "</p>"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(new_instance, port) -> Iterator[Server]:
    with Server(new_instance(), WESEND_SANDBOX_SMTP_PORT=str(port), WESEND_SANDBOX_DELAY="0", WESEND_RATE_LIMIT="10000") as started:
        yield started


def post(server: Server, path: str, **body) -> requests.Response:
    return requests.post(f"{server.url}/api/v1/communication{path}", headers=HEADERS, json=body, timeout=120)


def megabytes(server: Server) -> float:
    """Of the database's pages that are in use. PostgreSQL's hold rows of before, too, and texts that repeat themselves are
    compressed: what its rows say is counted.
    """
    if "WESEND_DATABASE_URL" in server.environment:
        tables = (f"(SELECT coalesce(sum({said(table)}), 0) FROM {table.name})" for table in db.metadata.sorted_tables)
        return int(server.query(f"SELECT {' + '.join(tables)}")[0][0]) / 2**20
    ((pages, free, size),) = server.query(
        "SELECT (SELECT page_count FROM pragma_page_count()), (SELECT freelist_count FROM"
        " pragma_freelist_count()), (SELECT page_size FROM pragma_page_size())"
    )
    return (pages - free) * size / 2**20


def said(table: Table) -> str:
    """The bytes of a row's values."""
    values = ((f'"{column.name}"', "" if isinstance(column.type, LargeBinary) else "::text") for column in table.columns)
    return " + ".join(f"coalesce(octet_length({name}{cast}), 0)" for name, cast in values)


def addresses(count: int) -> list[str]:
    return [f"p{number}@example.com" for number in range(count)]


def sent_mail(server: Server, message: str, count: int) -> tuple[float, float]:
    """Sends it, and waits until all of it was caught: (MB at the peak, MB that the database grew by)."""
    before = megabytes(server)
    with Peak(server) as peak:
        answer = post(server, "/email", subject="Hi", message=message, recipients=addresses(count))
        assert answer.status_code == 202, answer.text
        first = answer.json()["data"]["message_ids"][0]
        assert len(answer.json()["data"]["message_ids"]) == count
        Server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE id >= ? AND status = 'delivered'", first) == [(count,)],
            60,
            "the mail is not delivered",
            every=0.2,
        )
    return peak.megabytes, megabytes(server) - before


def test_a_mail_of_200_kb_to_400_is_stored_once(server):
    peak, grown = sent_mail(server, PAGE_20, 400)
    assert peak <= MOST and grown <= 1.2  # 81 MB, once


def test_a_mail_of_500_kb_to_thousands_takes_what_their_rows_take(server):
    peak, grown = sent_mail(server, "<p>" + "Hello wor " * 50_000 + "</p>", 4000)
    assert peak <= MOST and grown <= 0.5 + 4000 * 1500 / 2**20


@pytest.fixture(scope="module")
def large_contact(server) -> str:
    """A contact as an earlier version took it: with a field of 500 KB; and with one as large as one may be now."""
    account_id = server.query("SELECT account_id FROM api_keys WHERE api = 'worldledgers'")[0][0]
    server.change("INSERT INTO groups (account_id, name, created_at) VALUES (?, 'Large', 0)", account_id)
    server.change(
        "INSERT INTO contacts (group_id, account_id, phone, country, email, data, created_at)"
        " VALUES (?, ?, '+254712345678', 'KE', 'p0@example.com', ?, 0)",
        server.query("SELECT id FROM groups WHERE name = 'Large'")[0][0],
        account_id,
        json.dumps({"x": "v" * 500_000, "y": "w" * 4000}),
    )
    return "p0@example.com"


@pytest.mark.parametrize("path", ["/email", "/sms"])
def test_a_field_of_500_kb_that_is_named_100_times_is_refused_before_it_is_put_together(server, large_contact, path):
    recipients = [large_contact] if path == "/email" else ["254712345678"]
    before = megabytes(server)
    with Peak(server) as peak:
        for _ in range(5):
            answer = post(
                server, path, message="{x}" * 100, recipients=recipients, **({"subject": "Hi"} if path == "/email" else {})
            )
            assert answer.status_code == 422 and "characters" in json.dumps(answer.json()), answer.text[:500]
    assert peak.megabytes <= MOST and megabytes(server) - before <= 0.2


def test_the_largest_mail_that_fields_can_make_is_taken(server, large_contact):
    peak, grown = sent_mail(server, "{y}" * 500, 1)
    assert peak <= MOST and grown <= 0.2


def test_a_text_that_names_fields_without_end_is_refused(server):
    answer = post(server, "/email", subject="Hi", message="{x}" * 200_000, recipients=addresses(5000))
    assert answer.status_code == 422 and "1,000 fields" in answer.text


def test_a_mail_of_19_mb_handed_in_for_100_is_stored_once(server, port):
    before = megabytes(server)
    with Peak(server) as peak, smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("a@example.com", addresses(100), b"Subject: x\r\n\r\n" + (b"y" * 900 + b"\r\n") * 21_000)
    assert server.query("SELECT count(*) FROM caught_mails") == [(100,)]
    assert peak.megabytes <= MOST and megabytes(server) - before <= 25


def test_a_mail_may_have_so_many_recipients_at_the_port(server, port):
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        refused = client.sendmail("a@example.com", addresses(1003), b"Subject: x\r\n\r\nHello")
    assert {code for code, _ in refused.values()} == {452} and len(refused) == 3
