"""What the sandbox's messages would have told by webhook, read from their timelines: nobody need have listened before.

An event is told in the form of the API that its message came through, signed with the secret of that format. Nothing is
written for it, so a send that nobody listens to costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..accounts.sides import SANDBOX
from ..core import clock
from ..database import Row, marks, query, query_one
from ..webhooks import formats as webhook_formats
from ..webhooks.formats import Event, Format, Owner, Received, Service
from ..webhooks.headers import Target, headers_of
from ..webhooks.listening_secrets import secrets_of
from .inbox import Since, UnknownSince, read_since

SCANNED = 20_000
"""Lines of timelines, live ones too, among which the newest events are looked for where no time is told."""
FEWEST = 500
"""Lines that are read at once, at least."""
CHANGES = ("submitted", "sent", "delivered", "failed", "unknown")
TRACKED = ("opened", "clicked")
LINE, FINISHED, INBOUND = "s", "b", "i"
"""What an event is about: a line of a timeline, a batch that has finished, what somebody wrote."""
KINDS = (LINE, FINISHED, INBOUND)

LINES = f"""
    SELECT e.id, e.message_id, e.event, e.status, e.at FROM message_events e
    JOIN messages m ON m.id = e.message_id JOIN wallets w ON w.id = m.wallet_id JOIN batches b ON b.id = m.batch_id
    WHERE e.id BETWEEN :first AND :last AND w.is_sandbox = 1
        AND e.event IN ({", ".join(f"'{name}'" for name in (*CHANGES, *TRACKED))})
        {{namespace}}
    ORDER BY e.id {{direction}} LIMIT :limit
"""
FIRST_LINE = "SELECT id, at FROM message_events WHERE id >= ? ORDER BY id LIMIT 1"
EARLIER = "SELECT id, message_id, event, status, at FROM message_events WHERE message_id IN ({ids}) ORDER BY id"
WRITTEN = """
    SELECT i.*, s.type AS service_type, s.keyword AS service_keyword, s.toll_free, s.api, n.number
    FROM inbound_messages i
    LEFT JOIN two_way_services s ON s.id = i.service_id LEFT JOIN two_way_numbers n ON n.id = s.number_id
    WHERE i.side = 'sandbox' AND i.forgotten = 0 AND i.created_at >= :at AND (i.created_at > :at OR i.id > :after) {namespace}
    ORDER BY i.id {direction} LIMIT :limit
"""
OWNERS = (
    "SELECT w.id, w.uid, w.account_id, a.time_zone FROM wallets w JOIN accounts a ON a.id = w.account_id WHERE w.is_sandbox = 1"
)


class Place(NamedTuple):
    """Where an event stands among all: by its time, then by what it is about."""

    at: int
    kind: int
    id: int

    @property
    def uid(self) -> str:
        return f"evt_{self.at}_{KINDS[self.kind]}{self.id}"


class Told(NamedTuple):
    place: Place
    format: Format
    event: Event


def events(since: str | None, limit: int, namespace: str | None = None) -> list[dict]:
    """The oldest ``limit`` after ``since`` (an event's id, or what the inbox takes), without it the newest; oldest first.

    UnknownSince.
    """
    after = _after(since)
    found = _told(after, limit, namespace)
    found = found[-limit:] if after is None else found[:limit]
    secrets = secrets_of(SANDBOX, sorted({told.format.name for told in found}))
    return [_shown(told, secrets[told.format.name]) for told in found]


def _after(since: str | None) -> Place | None:
    """Behind which place is asked."""
    if since is None:
        return None
    if since.startswith("evt_"):
        at, _, rest = since.removeprefix("evt_").partition("_")
        if at.isdigit() and rest[:1] in KINDS and rest[1:].isdigit() and len(since) < 60:
            return Place(int(at), KINDS.index(rest[0]), int(rest[1:]))
        raise UnknownSince("since is the id of an event or of something that was caught, a time, or now")
    found: Since | None = read_since(since)
    return None if found is None else Place(found.at, -1, 0)


def _told(after: Place | None, limit: int, namespace: str | None) -> list[Told]:
    """At least ``limit`` after a place, or the newest, if there are so many; in their order.

    Most lines are told of by no format, so they are read until there are enough events. What is told of something else than
    a line waits for the lines before it: who asks on from the last event would never hear of those.
    """
    owners = {row["id"]: row for row in query(OWNERS)}
    known = webhook_formats.formats()
    found = list(_of_inbound(after, limit, namespace, owners, known))
    finished: set[int] = set()
    kept: list[Told] = []
    for rows, is_last in _lines(after, limit, namespace):
        messages = {row["id"]: row for row in _by_id("messages", {row["message_id"] for row in rows})}
        batches = {row["id"]: row for row in _by_id("batches", {row["batch_id"] for row in messages.values()})}
        found += _of_messages({row["id"] for row in rows}, messages, batches, owners, known)
        found += _of_finished([batch for batch in batches.values() if batch["id"] not in finished], known)
        finished |= set(batches)
        kept = found
        if after is not None:
            end = None if is_last else Place(rows[-1]["at"], KINDS.index(LINE), rows[-1]["id"])
            kept = [told for told in found if told.place > after and (end is None or told.place <= end)]
        if len(kept) >= limit:
            break
    return sorted(kept, key=lambda told: told.place)


def _of_finished(batches: list[Any], known: dict[str, Format]) -> Iterator[Told]:
    for batch in batches:
        format_ = known.get(batch["api"])
        if format_ is not None and batch["finished_at"] is not None:
            event = format_.batch_finished(batch, lambda batch=batch: _messages_of(batch))  # type: ignore[misc] # a default in a lambda
            if event is not None:
                yield Told(Place(batch["finished_at"], KINDS.index(FINISHED), batch["id"]), format_, event)


def _of_messages(
    asked: set[int], messages: dict[int, Any], batches: dict[int, Any], owners: dict[int, Any], known: dict[str, Format]
) -> Iterator[Told]:
    """A format that tells something once of a message does so at the first line of it."""
    ids = list(messages)
    heard: set[tuple[int, str]] = set()
    for row in query(EARLIER.format(ids=marks(ids)), ids) if ids else []:
        message = messages[row["message_id"]]
        batch = batches[message["batch_id"]]
        format_ = known.get(batch["api"])
        if format_ is None or row["event"] not in (*CHANGES, *TRACKED):
            continue
        owner = owners[message["wallet_id"]]
        named = Owner(owner["uid"], SANDBOX, owner["time_zone"], row["at"])
        if row["event"] in TRACKED:
            event = format_.mail_tracked(message, batch, row["event"], named)
        else:
            event = format_.message_changed(_then(message, row), batch, named)
        if event is None or (event.once is not None and (row["message_id"], event.once) in heard):
            continue
        if event.once is not None:
            heard.add((row["message_id"], event.once))
        if row["id"] in asked:
            yield Told(Place(row["at"], KINDS.index(LINE), row["id"]), format_, event)


def _then(message: Any, line: Any) -> Any:
    """A message as it was when a line was written."""
    status = line["status"]
    changed = {"status": status, "delivered_at": line["at"] if status == "delivered" else None}
    failed = {} if status == "failed" else {"error_code": None, "error_message": None, "failed_at": None}
    return {**dict(message), **changed, **failed}


def _of_inbound(
    after: Place | None, limit: int, namespace: str | None, owners: dict[int, Any], known: dict[str, Format]
) -> Iterator[Told]:
    """In the form of the API that the service was asked for through, else of those that tell such things unasked."""
    condition, values = _in_namespace("i", namespace)
    sql = WRITTEN.format(namespace=condition, direction="ASC" if after is not None else "DESC")
    at = after.at if after is not None else 0
    last = after.id if after is not None and after.kind == KINDS.index(INBOUND) else 0
    for row in query(sql, {"at": at, "after": last, "limit": limit, **values}):
        told = [known[row["api"]]] if row["api"] in known else [one for one in known.values() if one.tells_unasked]
        for format_ in told:
            event = format_.message_received(_received(row, owners.get(row["wallet_id"])))
            if event is not None:
                yield Told(Place(row["created_at"], KINDS.index(INBOUND), row["id"]), format_, event)


def _received(row: Any, owner: Any | None) -> Received:
    account = query_one("SELECT time_zone FROM accounts WHERE id = ?", (row["account_id"],))
    service = None
    if row["service_id"] is not None and row["number"] is not None:
        service = Service(row["service_id"], row["number"], row["service_keyword"], row["service_type"], row["toll_free"] == 1)
    return Received(
        row["uid"],
        row["account_id"],
        owner["uid"] if owner is not None else None,
        account["time_zone"] if account is not None else "UTC",
        row["sender"],
        row["recipient"],
        row["text"],
        row["keyword"],
        row["opt_out"] == 1,
        row["created_at"],
        service,
    )


def _in_namespace(table: str, namespace: str | None) -> tuple[str, dict[str, str]]:
    """The condition, and what it is given."""
    return ("", {}) if namespace is None else (f"AND {table}.namespace = :namespace", {"namespace": namespace})


def _lines(after: Place | None, limit: int, namespace: str | None) -> Iterator[tuple[list[Row], bool]]:
    """Some at a time, from ``after`` on or from the newest back; and whether there are no more."""
    newest = query_one("SELECT max(id) AS id FROM message_events")
    last = (newest["id"] if newest is not None else None) or 0
    first, direction = (_first_line(after.at), "ASC") if after is not None else (max(0, last - SCANNED), "DESC")
    condition, values = _in_namespace("b", namespace)
    sql, some = LINES.format(namespace=condition, direction=direction), max(limit, FEWEST)
    while True:
        rows = query(sql, {"first": first, "last": last, "limit": some, **values})
        is_last = len(rows) < some
        yield rows, is_last
        if is_last:
            return
        if after is not None:
            first = rows[-1]["id"] + 1
        else:
            last = rows[-1]["id"] - 1


def _first_line(at: int) -> int:
    """The first line of all that was written at an instant or after it: ids rise with time, so it is searched for by halves."""
    newest = query_one("SELECT max(id) AS id FROM message_events")
    low, high = 1, ((newest["id"] if newest is not None else None) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = query_one(FIRST_LINE, (middle,))
        if row is None or row["at"] >= at:
            high = middle
        else:
            low = row["id"] + 1
    return low


def _by_id(table: str, ids: set[int]) -> list[Any]:
    wanted = sorted(ids)
    return query(f"SELECT * FROM {table} WHERE id IN ({marks(wanted)})", wanted) if wanted else []


def _messages_of(batch: Any) -> list[Any]:
    return query("SELECT * FROM messages WHERE batch_id = ? ORDER BY id", (batch["id"],))


def _shown(told: Told, secret: str) -> dict:
    uid, payload = told.place.uid, told.event.payload
    if payload is None:
        payload = told.format.payload_of(told.event.subject)
    body = json.dumps(payload, ensure_ascii=False)
    delivery: Any = {"uid": uid, "event": told.event.name}
    headers = headers_of(told.format, Target(0, told.format.name, "", secret), delivery, body.encode(), told.place.at)
    return {
        "id": uid,
        "at": clock.iso(told.place.at),
        "format": told.format.name,
        "event": told.event.name,
        "body": body,
        "headers": headers,
    }
