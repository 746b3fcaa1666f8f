"""Groups and their contacts: one domain, whatever a dialect calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..accounts import audit_log, quota, roles
from ..accounts.roles import SEE, SEND, Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import SEEN, Side, may_change
from ..core import clock, number_text, phones
from ..core.errors import ContactNotFound, GroupExists, GroupNotFound, InvalidInput
from ..database import Row, Tx, keyset, marks, query, query_one, write
from ..database.rows import ContactRow, GroupRow
from .files import COLUMN_LIMIT, COLUMN_NAME_LIMIT, CONTACT_LIMIT, FIELD_LIMIT

CHUNK = 500  # rows a transaction: the write lock stays short
NAME_LENGTH = 200
PAGE = 250
"""Contacts that are read at a time: 5 MB of the largest there may be. Earlier versions took half a megabyte in one."""


class NewContact(NamedTuple):
    """``phone`` as it was given; ``fields`` is every other column."""

    phone: str
    name: str | None
    fields: Mapping[str, str]


class Added(NamedTuple):
    """``skipped`` holds (phone as given, reason): ``invalid_phone`` or ``duplicate``."""

    added: int
    skipped: list[tuple[str, str]]
    contact_count: int


def create_group(
    account_id: int,
    name: str,
    *,
    description: str | None = None,
    tags: list[str] | None = None,
    columns: list[str] | None = None,
    state: str = "ready",
    side: Side | None = None,
    actor: Actor,
) -> GroupRow:
    """GroupExists when its maker (``side``: a key's, None: people) sees a group of this name in the account."""
    roles.require(actor, SEND, account_id)
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput("A group needs a name", {"name": [f"1 to {NAME_LENGTH} characters"]})

    quota.require_room(account_id)

    def unit(tx: Tx) -> int:
        if tx.one(
            f"SELECT 1 FROM groups WHERE account_id = ? AND name = ? AND state <> 'deleting' AND {SEEN}", (account_id, name, side)
        ):
            raise GroupExists
        return tx.insert(
            "groups",
            account_id=account_id,
            name=name,
            description=description,
            tags=json.dumps(tags or []),
            columns=json.dumps(columns or []),
            state=state,
            side=side,
            created_at=clock.now_ms(),
        )

    return get_group(account_id, write(unit), state=state, actor=actor)


def free_name(account_id: int, name: str, *, side: Side | None = None, actor: Actor) -> str:
    """The name, or ``name (2)`` … where it is taken: for an API that knows no conflict of names."""
    roles.require(actor, SEE, account_id)
    name = name.strip()[: NAME_LENGTH - 8]
    taken = {
        row[0]
        for row in query(
            f"SELECT name FROM groups WHERE account_id = ? AND state <> 'deleting' AND {SEEN} AND substr(name, 1, ?) = ?",
            (account_id, side, len(name), name),
        )
    }
    return next(candidate for candidate in (name, *(f"{name} ({n})" for n in range(2, len(taken) + 3))) if candidate not in taken)


def get_group(account_id: int, group_id: int, *, state: str = "ready", side: Side | None = None, actor: Actor) -> GroupRow:
    """A group of the account that ``side`` sees; GroupNotFound for all others."""
    roles.require(actor, SEE, account_id)
    row = query_one(
        f"SELECT * FROM groups WHERE id = ? AND account_id = ? AND state = ? AND {SEEN}", (group_id, account_id, state, side)
    )
    if row is None:
        raise GroupNotFound
    return row


def group_to_change(account_id: int, group_id: int, side: Side | None, actor: Actor) -> GroupRow:
    """A group that ``side`` may change; GroupNotFound for all others, with a reason for those that it sees."""
    roles.require(actor, SEND, account_id)
    row = get_group(account_id, group_id, side=side, actor=actor)
    if not may_change(row, side):
        raise GroupNotFound("This group serves live sends too: a test key may send to it, and can neither change nor delete it")
    return row


def list_groups(account_id: int, *, limit: int, offset: int, side: Side | None = None, actor: Actor) -> tuple[list[GroupRow], int]:
    """Those that ``side`` sees, newest last, and how many there are."""
    roles.require(actor, SEE, account_id)
    total = query(f"SELECT count(*) FROM groups WHERE account_id = ? AND state = 'ready' AND {SEEN}", (account_id, side))[0][0]
    return query(
        f"SELECT * FROM groups WHERE account_id = ? AND state = 'ready' AND {SEEN} ORDER BY id LIMIT ? OFFSET ?",
        (account_id, side, limit, offset),
    ), total


def delete_group(account_id: int, group_id: int, *, side: Side | None = None, actor: Actor) -> None:
    """Gone at once for every reader; its contacts are removed in short transactions."""
    group = group_to_change(account_id, group_id, side, actor)

    def unit(tx: Tx) -> None:
        if tx.changed("UPDATE groups SET state = 'deleting' WHERE id = ? AND state <> 'deleting'", (group_id,)):
            audit_log.record(
                tx,
                actor=actor,
                action="group.delete",
                subject=group["name"],
                account_id=account_id,
                detail=f"{group['contact_count']} contacts",
            )

    write(unit)
    sweep_deleted(group_id)


def sweep_deleted(group_id: int | None = None) -> None:
    """Finish deletions, also those that a crash left half done."""
    rows = query("SELECT id FROM groups WHERE state = 'deleting' AND id = coalesce(?, id)", (group_id,))
    for (doomed,) in rows:
        while write(_changing("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts WHERE group_id = ? LIMIT 2000)", doomed)):
            pass
        write(_changing("DELETE FROM groups WHERE id = ? AND state = 'deleting'", doomed))


def _changing(sql: str, row_id: int) -> Callable[[Tx], int]:
    return lambda tx: tx.changed(sql, (row_id,))


def add_contact(account: AccountInfo, group_id: int, contact: NewContact, *, actor: Actor) -> None:
    """InvalidInput for what is no number, or is there already."""
    done = add_contacts(account.id, group_id, [contact], account.country, actor=actor)
    if not done.added:
        reason = done.skipped[0][1]
        told = phones.problem(contact.phone) if reason == "invalid_phone" else "This number is in the group already"
        raise InvalidInput(told, {"phone": [told]})


def add_contacts(
    account_id: int, group_id: int, contacts: Iterable[NewContact], home_country: str, *, side: Side | None = None, actor: Actor
) -> Added:
    """Add what is a phone number and not there yet; the rest comes back with its reason. InvalidInput, with nothing added,
    when one is too large; StorageQuotaExceeded.
    """
    group_to_change(account_id, group_id, side, actor)
    given = list(contacts)
    for contact in given:
        check_size(contact)
    added, skipped = 0, []
    rows: list[tuple] = []
    now = clock.now_ms()
    for contact in given:
        phone = phones.normalise(contact.phone, home_country)
        if phone is None:
            skipped.append((contact.phone, "invalid_phone"))
            continue
        rows.append((contact.phone, contact_row(group_id, account_id, phone, contact.name, contact.fields, now)))
        if len(rows) == CHUNK:
            added += _insert(account_id, group_id, rows, skipped)
            rows = []
    added += _insert(account_id, group_id, rows, skipped)
    return Added(added, skipped, get_group(account_id, group_id, actor=actor)["contact_count"])


def check_size(contact: NewContact) -> None:
    """InvalidInput for more fields or longer ones than a contact may have."""
    told = None
    if len(contact.fields) > COLUMN_LIMIT:
        told = f"A contact has at most {COLUMN_LIMIT} fields"
    elif any(len(name) > COLUMN_NAME_LIMIT for name in contact.fields):
        told = f"A field's name has at most {COLUMN_NAME_LIMIT} characters"
    elif any(len(value) > FIELD_LIMIT for value in (contact.name or "", *contact.fields.values())):
        told = f"A field of a contact has at most {FIELD_LIMIT} characters"
    elif sum(len(name) + len(value) for name, value in contact.fields.items()) > CONTACT_LIMIT:
        told = f"A contact's fields have at most {CONTACT_LIMIT} characters in all"
    if told:
        raise InvalidInput(told, {"contacts": [told]})


COLUMNS = ("group_id", "account_id", "phone", "country", "name", "email", "data", "created_at")
INSERT = f"INSERT OR IGNORE INTO contacts ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def contact_row(
    group_id: int, account_id: int, phone: phones.Phone, name: str | None, fields: Mapping[str, str], now: int
) -> tuple:
    """The stored form of a contact, in the order of COLUMNS."""
    email = next(
        (address for key, value in fields.items() if key.lower() == "email" and (address := number_text.visible(value).lower())),
        None,
    )
    return (
        group_id,
        account_id,
        phone.e164,
        phone.country,
        name or None,
        email,
        json.dumps(fields, ensure_ascii=False) if fields else None,
        now,
    )


def size(rows: Iterable[tuple]) -> int:
    """About the bytes that contacts' rows add to their account's storage."""
    return sum(100 + sum(len(value) for value in row if isinstance(value, str)) for row in rows)


def _insert(account_id: int, group_id: int, rows: list[tuple], skipped: list[tuple[str, str]]) -> int:
    if not rows:
        return 0
    quota.require_room(account_id, size(row for _, row in rows))

    def unit(tx: Tx) -> list[bool]:
        fresh = [tx.changed(INSERT, row) > 0 for _, row in rows]
        tx.execute("UPDATE groups SET contact_count = contact_count + ? WHERE id = ?", (sum(fresh), group_id))
        return fresh

    fresh = write(unit)
    skipped.extend((given, "duplicate") for (given, _), new in zip(rows, fresh, strict=True) if not new)
    return sum(fresh)


def list_contacts(group: GroupRow, *, limit: int, offset: int, actor: Actor) -> list[ContactRow]:
    """A page of a group's contacts in the order in which they came."""
    roles.require(actor, SEE, group["account_id"])
    return query("SELECT * FROM contacts WHERE group_id = ? ORDER BY id LIMIT ? OFFSET ?", (group["id"], limit, offset))


def contacts_before(group: GroupRow, before: int | None, limit: int, *, actor: Actor) -> list[ContactRow]:
    """A group's contacts, newest first, below the row id ``before``."""
    roles.require(actor, SEE, group["account_id"])
    return query(
        "SELECT * FROM contacts WHERE group_id = ? AND id < ? ORDER BY id DESC LIMIT ?", (group["id"], keyset.below(before), limit)
    )


def contacts_after(group: GroupRow, last: int, limit: int, *, actor: Actor) -> list[ContactRow]:
    """A group's contacts in the order in which they came, above the row id ``last``."""
    roles.require(actor, SEE, group["account_id"])
    return query("SELECT * FROM contacts WHERE group_id = ? AND id > ? ORDER BY id LIMIT ?", (group["id"], last, limit))


def find_contact(group: GroupRow, phone: str, *, actor: Actor) -> ContactRow | None:
    """The contact of a number (E.164)."""
    roles.require(actor, SEE, group["account_id"])
    return query_one("SELECT * FROM contacts WHERE group_id = ? AND phone = ?", (group["id"], phone))


def get_contact(group: GroupRow, contact_id: int, *, actor: Actor) -> ContactRow:
    """By its row id; ContactNotFound."""
    roles.require(actor, SEE, group["account_id"])
    row = query_one("SELECT * FROM contacts WHERE id = ? AND group_id = ?", (contact_id, group["id"]))
    if row is None:
        raise ContactNotFound
    return row


def update_contact(
    account_id: int, group_id: int, contact_id: int, contact: NewContact, home_country: str, *, actor: Actor
) -> None:
    """Put what a contact is in place of what it was; InvalidInput for no number, or one that the group has already."""
    roles.require(actor, SEND, account_id)
    get_group(account_id, group_id, actor=actor)
    check_size(contact)
    phone = phones.normalise(contact.phone, home_country)
    if phone is None:
        told = phones.problem(contact.phone)
        raise InvalidInput(told, {"phone": [told]})
    row = contact_row(group_id, account_id, phone, contact.name, contact.fields, clock.now_ms())
    before = query_one(f"SELECT {', '.join(COLUMNS)} FROM contacts WHERE id = ? AND group_id = ?", (contact_id, group_id))
    more = size([row]) - size([tuple(before)] if before else [])
    if more > 0:
        quota.require_room(account_id, more)
    kept = dict(zip(COLUMNS, row, strict=True))

    def unit(tx: Tx) -> None:
        if tx.one("SELECT 1 FROM contacts WHERE group_id = ? AND phone = ? AND id <> ?", (group_id, phone.e164, contact_id)):
            raise InvalidInput("This number is in the group already", {"phone": ["In the group already"]})
        if not tx.changed(
            "UPDATE contacts SET phone = ?, country = ?, name = ?, email = ?, data = ? WHERE id = ? AND group_id = ?",
            (*(kept[name] for name in ("phone", "country", "name", "email", "data")), contact_id, group_id),
        ):
            raise ContactNotFound

    write(unit)


FIELD_NAMES = """
    SELECT field.key
    FROM (SELECT id, data FROM contacts WHERE group_id = ? ORDER BY id LIMIT ?) c, json_each(c.data) field
    GROUP BY field.key ORDER BY min(c.id), min(field.id) LIMIT ?
"""


def field_names(group: GroupRow, among: int = -1, *, actor: Actor) -> list[str]:
    """The fields beside phone and name in the order in which they came: of the first ``among`` contacts (-1: of all), as
    many as a file has columns.
    """
    roles.require(actor, SEE, group["account_id"])
    return [row[0] for row in query(FIELD_NAMES, (group["id"], among, COLUMN_LIMIT))]


def delete_contact(account_id: int, group_id: int, contact_id: int, *, side: Side | None = None, actor: Actor) -> None:
    group = group_to_change(account_id, group_id, side, actor)

    def unit(tx: Tx) -> None:
        contact = tx.one("SELECT phone FROM contacts WHERE id = ? AND group_id = ?", (contact_id, group_id))
        if contact is None:
            raise ContactNotFound
        tx.execute("DELETE FROM contacts WHERE id = ?", (contact_id,))
        audit_log.record(
            tx,
            actor=actor,
            action="contact.delete",
            subject=contact["phone"],
            account_id=account_id,
            detail=f"of the group {group['name']}",
        )
        tx.execute("UPDATE groups SET contact_count = contact_count - 1 WHERE id = ?", (group_id,))

    write(unit)


def iterate(groups: Sequence[Row], page: int = PAGE, *, actor: Actor) -> Iterator[Row]:
    """Every contact of the groups, in the order of the groups, a page at a time; a phone in two comes with the
    first.
    """
    group_ids = _readable(groups, actor)
    for position, group_id in enumerate(group_ids):
        for rows in _pages(group_id, group_ids[:position], page):
            yield from rows


def _pages(group_id: int, earlier: list[int], page: int) -> Iterator[list[Row]]:
    """Pages of the group's contacts whose phone is in none of the groups before it."""
    unseen = (
        f" AND NOT EXISTS (SELECT 1 FROM contacts e WHERE e.group_id IN ({marks(earlier)}) AND e.phone = c.phone)"
        if earlier
        else ""
    )
    sql = f"SELECT id, phone, country, name, data FROM contacts c WHERE group_id = ? AND id > ?{unseen} ORDER BY id LIMIT ?"
    return keyset.pages(lambda last: query(sql, (group_id, last, *earlier, page)))


def _readable(groups: Sequence[Row], actor: Actor) -> list[int]:
    for group in groups:
        roles.require(actor, SEE, group["account_id"])
    return [group["id"] for group in groups]


def iterate_mailable(groups: Sequence[Row], page: int = PAGE, *, actor: Actor) -> Iterator[Row]:
    """The contacts of the groups that have an e-mail address, a page at a time; an address may come again."""
    for group_id in _readable(groups, actor):
        for rows in _mailable_pages(group_id, page):
            yield from rows


def _mailable_pages(group_id: int, page: int) -> Iterator[list[Row]]:
    sql = "SELECT * FROM contacts WHERE group_id = ? AND id > ? AND email IS NOT NULL ORDER BY id LIMIT ?"
    return keyset.pages(lambda last: query(sql, (group_id, last, page)))


def mailable_counts(account_id: int, *, actor: Actor) -> dict[int, int]:
    """How many contacts of each group have an e-mail address; groups without any are left out."""
    roles.require(actor, SEE, account_id)
    return {
        row[0]: row[1]
        for row in query(
            "SELECT group_id, count(*) FROM contacts WHERE account_id = ? AND email IS NOT NULL GROUP BY group_id", (account_id,)
        )
    }


NEWEST_BY = f"""
    SELECT * FROM contacts
    WHERE id IN (
        SELECT max(id) FROM contacts
        WHERE account_id = ? AND {{column}} IN ({{values}})
            AND EXISTS (SELECT 1 FROM groups WHERE id = contacts.group_id AND {SEEN})
        GROUP BY {{column}}
    )
"""


def find_by(account_id: int, column: str, values: list[str], *, side: Side | None = None, actor: Actor) -> dict[str, ContactRow]:
    """The account's contacts whose ``phone`` (E.164) or ``email`` (lower case) is one of the values; the newest of
    each, of the groups that ``side`` sees.
    """
    roles.require(actor, SEE, account_id)
    assert column in ("phone", "email")
    if not values:
        return {}
    rows = query(NEWEST_BY.format(column=column, values=marks(values)), (account_id, *values, side))
    return {row[column]: row for row in rows}


def variables(contact: Row) -> dict[str, str]:
    """What a text may name of a contact, keys in lower case; ``name``/``first_name`` and ``phone`` are built in."""
    values = {}
    if contact["data"]:
        values = {key.strip().lower(): value for key, value in json.loads(contact["data"]).items()}
    name = contact["name"] or values.get("name") or " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    values["name"] = name
    values.setdefault("first_name", name.split(" ")[0] if name else "")
    values["phone"] = values["phone_number"] = contact["phone"]
    return values
