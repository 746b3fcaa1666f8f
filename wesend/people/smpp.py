"""What SMPP keeps as bytes: addresses as clients wrote them, parts of texts that are not whole, what no client has taken yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..database import Row, Tx, query, write
from ..messages.smpp import parts
from ..messages.state.statuses import WAITING
from .mentions import Mentions
from .person import Person

PAGE = 2000
OWN_SUBMISSIONS, OWN_DELIVERIES = " AND s.account_id = ?", " AND k.account_id = ?"
NOBODY = b"\x01\x01" + b"0\x00"
"""An address of SMPP that is nobody's."""
SUBMISSIONS = """
    SELECT s.id, s.uid, s.account_id, s.source, s.destination, s.reference, s.beginning, s.content, s.whole, s.part_number,
        s.part_total, s.message_id, s.ended, s.created_at, m.status
    FROM smpp_submissions s LEFT JOIN messages m ON m.id = s.message_id WHERE s.id > ?{own} ORDER BY s.id LIMIT ?
"""
DELIVERIES = """
    SELECT d.id, k.account_id, d.kind, d.body, d.parameters, d.created_at
    FROM smpp_deliveries d JOIN api_keys k ON k.id = d.api_key_id
    WHERE d.id > ?{own} ORDER BY d.id LIMIT ?
"""
WIPE = """
    UPDATE smpp_submissions SET source = ?, destination = ?, reference = NULL, beginning = '', content = NULL, digest = NULL
    WHERE id = ?
"""


def erase(person: Person, mentions: Mentions) -> dict[str, int]:
    """Parts that wait for others go as messages that wait do; of what is a message that is still to leave, its row stays."""
    submissions = deliveries = 0
    for page in _pages(SUBMISSIONS, OWN_SUBMISSIONS, person.account_id):
        theirs = [row for row in page if _is_of(row, mentions)]
        for whole in dict.fromkeys(row["whole"] for row in theirs if row["message_id"] is None and row["ended"] is None):
            parts.take_back(whole)
        over = [row for row in theirs if row["status"] is None or row["status"] not in WAITING]
        if over:
            write(lambda tx, over=over: tx.executemany(WIPE, [_wiped(row, mentions) for row in over]))  # type: ignore[misc]  # mypy can't infer defaults
        submissions += len(over)
    for page in _pages(DELIVERIES, OWN_DELIVERIES, person.account_id):
        naming = [(row["id"],) for row in page if named_in(mentions, row["body"], row["parameters"])]
        if naming:
            write(lambda tx, naming=naming: _delete(tx, naming))  # type: ignore[misc]  # mypy can't infer defaults
        deliveries += len(naming)
    return {"smpp_submissions": submissions, "smpp_deliveries": deliveries}


def _delete(tx: Tx, ids: list[tuple[int]]) -> None:
    tx.executemany("DELETE FROM smpp_deliveries WHERE id = ?", ids)


def _wiped(row: Row, mentions: Mentions) -> tuple[bytes, bytes, int]:
    source, destination = (NOBODY if named_in(mentions, row[name]) else bytes(row[name]) for name in ("source", "destination"))
    return source, destination, row["id"]


def _is_of(row: Row, mentions: Mentions) -> bool:
    return named_in(mentions, row["source"], row["destination"], row["reference"], row["content"]) or mentions.are_in(
        row["beginning"]
    )


def named_in(mentions: Mentions, *fields: Any) -> bool:
    """Whether bytes name the person, in any alphabet of SMPP: digits of UCS-2 are those of ASCII beside a zero."""
    return any(field is not None and mentions.are_in(bytes(field).replace(b"\0", b"").decode("latin-1")) for field in fields)


FORGET = "UPDATE smpp_submissions SET beginning = '', content = NULL, digest = NULL WHERE id = ?"


def forget(account_id: int) -> None:
    """The texts of an account that is closed, and what its clients have not taken."""
    for page in _pages(SUBMISSIONS, OWN_SUBMISSIONS, account_id):
        for whole in dict.fromkeys(row["whole"] for row in page if row["message_id"] is None and row["ended"] is None):
            parts.take_back(whole)
        write(lambda tx, page=page: tx.executemany(FORGET, [(row["id"],) for row in page]))  # type: ignore[misc]  # mypy can't infer defaults
    for page in _pages(DELIVERIES, OWN_DELIVERIES, account_id):
        write(lambda tx, page=page: _delete(tx, [(row["id"],) for row in page]))  # type: ignore[misc]  # mypy can't infer defaults


def waiting(person: Person, mentions: Mentions) -> Iterator[dict[str, Any]]:
    """The parts of texts to the person that are no message yet, or never became one."""
    for page in _pages(SUBMISSIONS, OWN_SUBMISSIONS, person.account_id):
        for row in page:
            if row["message_id"] is None and named_in(mentions, row["destination"]):
                names = ("uid", "account_id", "beginning", "part_number", "part_total", "created_at")
                content = None if row["content"] is None else bytes(row["content"]).decode("latin-1")
                yield {**{name: row[name] for name in names}, "content": content}


def undelivered(person: Person, mentions: Mentions) -> Iterator[dict[str, Any]]:
    """What tells a client of the person, and no client has taken yet; as it goes over the line."""
    for page in _pages(DELIVERIES, OWN_DELIVERIES, person.account_id):
        for row in page:
            if named_in(mentions, row["body"], row["parameters"]):
                names = ("account_id", "kind", "created_at")
                yield {**{name: row[name] for name in names}, "content": bytes(row["body"]).decode("latin-1")}


def _pages(sql: str, own: str, account_id: int | None) -> Iterator[list[Row]]:
    """``account_id`` None: of all."""
    account = () if account_id is None else (account_id,)
    last = 0
    while rows := query(sql.format(own=own if account else ""), (last, *account, PAGE)):
        yield rows
        last = rows[-1]["id"]
