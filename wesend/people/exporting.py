"""Exporting a person: all that is held of them, as JSON, in a ZIP that is written while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..accounts import audit_log, exports, roles
from ..accounts.roles import OPERATE, Actor
from ..coordination import kept_files
from ..core import clock
from ..core.current_app import this_app
from ..database import Row, marks, query
from ..messages.state.mail_texts import Reader
from . import person, shown, smpp, sweep, zips
from .mentions import Mentions
from .person import Person
from .rows import KINDS
from .tables import places

OF_PERSON = """
    SELECT * FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ? AND id > ?{account} ORDER BY id LIMIT 100
"""
MENTIONED = frozenset(
    "api_calls audit_log batches brought_receipts campaign_drafts forwarded_mails idempotency_keys incoming_messages"
    " ledger_entries sandbox_rules sign_in_attempts text_templates webhook_attempts webhook_deliveries".split()
)
"""Tables of which those rows are given that name the person, and of lists in them, what names them alone."""
NOT_GIVEN = frozenset(
    "groups known_addresses list_prices message_events message_parts price_lists sign_in_links smpp_binds smpp_deliveries"
    " smpp_refusals smpp_submissions".split()
)
"""Words of an account about itself; what is given with a message, or by `smpp`; what is told of machines."""
ONLY = {
    "batches": ("uid", "account_id", "created_at", "reference", "skipped"),
    "campaign_drafts": ("uid", "account_id", "created_at", "updated_at"),
}
"""Of tables whose other columns are of everybody who is written to."""
OPERATORS_TABLES = frozenset({"brought_receipts", "incoming_messages"})


class Exported(NamedTuple):
    """``counts``: records of each kind."""

    addresses: tuple[str, ...]
    counts: dict[str, int]
    bytes: int


def to_file(address: str, file: Path, *, account_id: int | None = None, actor: Actor) -> Exported:
    """Write the ZIP; InvalidInput, AccountNotFound, Forbidden."""
    found = person.find(address, account_id, actor=actor)
    counts: dict[str, int] = {}
    size = zips.to_file(file, zips.stream(_entries(found, counts, actor)))
    audit_log.note(actor=actor, action="person.export", subject=found.token, account_id=account_id, detail=f"{size} bytes")
    return Exported(found.addresses, counts, size)


def start(address: str, *, account_id: int | None = None, actor: Actor) -> exports.Stream:
    """The same to download; TooManyExports."""
    found = person.find(address, account_id, actor=actor)
    pieces = zips.in_context(this_app(), lambda: zips.stream(_entries(found, {}, actor)))
    return exports.start(pieces, actor=actor, subject=found.token, account_id=account_id, detail="person", action="person.export")


def _entries(found: Person, counts: dict[str, int], actor: Actor) -> Iterator[zips.Entry]:
    mentions = Mentions(found)
    told = {"person": found.given, "addresses": list(found.addresses), "account_id": found.account_id}
    yield "person.json", iter([zips.dump({**told, "exported_at": clock.iso(clock.now_ms())})])
    sees_gateways = roles.may(actor, OPERATE)
    parts: list[tuple[str, Iterator[dict[str, Any]]]] = [
        ("messages", _messages(found, sees_gateways)),
        *((table, _of_kinds(table, found, sees_gateways)) for table in dict.fromkeys(kind.table for kind in KINDS)),
        ("uploads", _lines(found, mentions)),
        ("smpp_submissions", map(shown.row, smpp.waiting(found, mentions))),
        ("smpp_deliveries", map(shown.row, smpp.undelivered(found, mentions))),
    ]
    if found.account_id is None:
        parts.append(("caught_mails", _caught(found)))
    for place in places():
        if place.table in MENTIONED and (sees_gateways or place.table not in OPERATORS_TABLES):
            parts.append((place.table, _mentioning(place.table, found, mentions, sees_gateways)))
    for name, rows in parts:
        yield f"{name}.json", zips.json_array(rows, _counter(counts, name))


def _counter(counts: dict[str, int], name: str) -> Callable[[int], None]:
    def note(total: int) -> None:
        counts[name] = total

    return note


def _shown(row: Row, sees_gateways: bool) -> dict[str, Any]:
    made = shown.row(row)  # type: ignore[arg-type]  # a row of either engine has keys()
    return made if sees_gateways else {name: value for name, value in made.items() if name not in shown.HIDDEN}


def _messages(found: Person, sees_gateways: bool) -> Iterator[dict[str, Any]]:
    """Each with its timeline, in which opens and clicks of a mail stand, too."""
    sql = OF_PERSON.format(account="" if found.account_id is None else " AND account_id = ?")
    account = () if found.account_id is None else (found.account_id,)
    for address in found.addresses:
        last, reader = 0, Reader()
        while rows := query(sql, (address, last, *account)):
            last = rows[-1]["id"]
            events = _events([row["id"] for row in rows], sees_gateways)
            for row in rows:
                told = {"text": reader.text_of(row), "events": events.get(row["id"], [])}
                yield {**_shown(row, sees_gateways), **told, **({} if sees_gateways else {"error_message": shown.why_failed(row)})}


def _events(ids: list[int], sees_gateways: bool) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in query(f"SELECT * FROM message_events WHERE message_id IN ({marks(ids)}) ORDER BY id", ids):
        names = (
            ("event", "status", "detail", "meta", "at") if sees_gateways or row["event"] == "clicked" else ("event", "status", "at")
        )
        found.setdefault(row["message_id"], []).append(shown.row(row, names))
    return found


def _of_kinds(table: str, found: Person, sees_gateways: bool) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    for kind in KINDS:
        for rows in kind.pages(found) if kind.table == table else ():
            for row in rows:
                if row["id"] not in seen:
                    yield _shown(row, sees_gateways)
                seen.add(row["id"])
    if table == "opt_outs":  # of somebody who was erased it is all that is left
        tokens = tuple(found.tokens.values())
        sql = f"SELECT * FROM opt_outs WHERE account_id IN ({marks(found.accounts)}) AND address IN ({marks(tokens)}) ORDER BY id"
        yield from (_shown(row, sees_gateways) for row in query(sql, (*found.accounts, *tokens)))


def _mentioning(table: str, found: Person, mentions: Mentions, sees_gateways: bool) -> Iterator[dict[str, Any]]:
    place = next(place for place in places() if place.table == table)
    for ids in sweep.found_in(place, found, mentions):
        for row in query(f"SELECT * FROM {table} WHERE id IN ({marks(ids)}) ORDER BY id", ids):
            made = {name: mentions.pruned(value) for name, value in _shown(row, sees_gateways).items()}
            yield {name: made[name] for name in ONLY.get(table, made)}


def _lines(found: Person, mentions: Mentions) -> Iterator[dict[str, Any]]:
    """Of lists that wait for their import: the lines that name the person."""
    for account_id, token in kept_files.names(found.account_id):
        stream = kept_files.open_kept(account_id, token)
        if stream is None:
            continue
        with stream:
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if mentions.are_in(text):
                    yield {"account_id": account_id, "line": text}


def _caught(found: Person) -> Iterator[dict[str, Any]]:
    for email in found.emails:
        for row in query("SELECT * FROM caught_mails WHERE recipient = ? ORDER BY id", (email,)):
            raw = query("SELECT raw FROM caught_bodies WHERE id = ?", (row["body_id"],))
            yield {**shown.row(row, ("uid", "recipient", "created_at")), "mail": raw[0]["raw"].decode("utf-8", "replace")}
