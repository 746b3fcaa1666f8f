"""The contacts of a group: added, found, changed, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..accounts import audit_log, quota, roles
from ..accounts.roles import CONTACTS, SEE, Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import Side
from ..core import clock, number_text, phones
from ..core.chunks import chunks
from ..core.errors import ContactNotFound, InvalidInput
from ..core.languages import sentence
from ..database import Tx, keyset, query, query_one, write
from ..database.rows import ContactRow, GroupRow
from ..routing import opt_outs
from . import groups
from .files import COLUMN_LIMIT, COLUMN_NAME_LIMIT, CONTACT_LIMIT, FIELD_LIMIT
from .headers import is_email

FIELDS_AT_ONCE = 1000  # contacts


class NewContact(NamedTuple):
    """``phone`` as it was given; ``fields`` is every other column."""

    phone: str
    name: str | None
    fields: Mapping[str, str]


INVALID_PHONE, DUPLICATE = "invalid_phone", "duplicate"
"""Why a contact was not added."""


class Added(NamedTuple):
    """``skipped`` holds (phone as given, reason): INVALID_PHONE or DUPLICATE."""

    added: int
    skipped: list[tuple[str, str]]
    contact_count: int


def add_contact(account: AccountInfo, group_id: int, contact: NewContact, *, actor: Actor) -> None:
    """InvalidInput for what is no number, or is there already."""
    done = add_contacts(account.id, group_id, [contact], account.country, actor=actor)
    if not done.added:
        reason = done.skipped[0][1]
        told = phones.problem(contact.phone) if reason == INVALID_PHONE else "This number is in the group already"
        raise InvalidInput(told, {"phone": [told]})


def add_contacts(
    account_id: int, group_id: int, contacts: Iterable[NewContact], home_country: str, *, side: Side | None = None, actor: Actor
) -> Added:
    """Add what is a phone number and not there yet; the rest comes back with its reason. InvalidInput, with nothing added,
    when one is too large; StorageQuotaExceeded.
    """
    groups.group_to_change(account_id, group_id, side, actor)
    given = list(contacts)
    for contact in given:
        check_size(contact)
    skipped: list[tuple[str, str]] = []
    rows: list[tuple] = []
    now = clock.now_ms()
    for contact in given:
        phone = phones.normalise(contact.phone, home_country)
        if phone is None:
            skipped.append((contact.phone, INVALID_PHONE))
            continue
        rows.append((contact.phone, contact_row(group_id, account_id, phone, contact.name, contact.fields, now)))
    kept = set(map(id, without_erased(account_id, [row for _, row in rows])))
    skipped.extend((given, INVALID_PHONE) for given, row in rows if id(row) not in kept)
    rows = [(given, row) for given, row in rows if id(row) in kept]
    added = sum(_insert(account_id, group_id, some, skipped) for some in chunks(rows))
    return Added(added, skipped, groups.get_group(account_id, group_id, actor=actor)["contact_count"])


def check_size(contact: NewContact) -> None:
    """InvalidInput for more fields or longer ones than a contact may have."""
    told = None
    if len(contact.fields) > COLUMN_LIMIT:
        told = sentence("A contact has at most %(column_limit)s fields", column_limit=COLUMN_LIMIT)
    elif any(len(name) > COLUMN_NAME_LIMIT for name in contact.fields):
        told = sentence("A field's name has at most %(column_name_limit)s characters", column_name_limit=COLUMN_NAME_LIMIT)
    elif any(len(value) > FIELD_LIMIT for value in (contact.name or "", *contact.fields.values())):
        told = sentence("A field of a contact has at most %(field_limit)s characters", field_limit=FIELD_LIMIT)
    elif sum(len(name) + len(value) for name, value in contact.fields.items()) > CONTACT_LIMIT:
        told = sentence("A contact's fields have at most %(contact_limit)s characters in all", contact_limit=CONTACT_LIMIT)
    if told:
        raise InvalidInput(told, {"contacts": [told]})


COLUMNS = ("group_id", "account_id", "phone", "country", "name", "email", "data", "created_at")
INSERT = f"""
    INSERT INTO contacts ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (group_id, phone) DO NOTHING
"""


def contact_row(
    group_id: int, account_id: int, phone: phones.Phone, name: str | None, fields: Mapping[str, str], now: int
) -> tuple:
    """The stored form of a contact, in the order of COLUMNS."""
    headed = sorted((key for key in fields if is_email(key)), key=lambda key: key.lower() != "email")
    email = next((address for key in headed if (address := number_text.visible(fields[key]).lower())), None)
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


def without_erased(account_id: int, rows: list[tuple]) -> list[tuple]:
    """Contacts' rows but for those of people who opted out and were erased."""
    erased = opt_outs.erased_among(account_id, (row[2] for row in rows))
    return [row for row in rows if row[2] not in erased] if erased else rows


def size(rows: Iterable[tuple]) -> int:
    """About the bytes that contacts' rows add to their account's storage."""
    return sum(100 + sum(len(value) for value in row if isinstance(value, str)) for row in rows)


def _insert(account_id: int, group_id: int, rows: list[tuple], skipped: list[tuple[str, str]]) -> int:
    quota.require_room(account_id, size(row for _, row in rows))

    def unit(tx: Tx) -> list[bool]:
        fresh = [tx.changed(INSERT, row) > 0 for _, row in rows]
        tx.execute("UPDATE groups SET contact_count = contact_count + ? WHERE id = ?", (sum(fresh), group_id))
        return fresh

    fresh = write(unit)
    skipped.extend((given, DUPLICATE) for (given, _), new in zip(rows, fresh, strict=True) if not new)
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
    roles.require(actor, CONTACTS, account_id)
    group = groups.get_group(account_id, group_id, actor=actor)
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
        audit_log.record(
            tx, actor=actor, action="contact.change", subject=phone.e164, account_id=account_id, detail=f"group {group['name']}"
        )

    write(unit)


FIELDS = "SELECT id, data FROM contacts WHERE group_id = ? AND id > ? ORDER BY id LIMIT ?"


def field_names(group: GroupRow, among: int | None = None, *, actor: Actor) -> list[str]:
    """The fields beside phone and name in the order in which they came: of the first ``among`` contacts (None: of all), as
    many as a file has columns.
    """
    roles.require(actor, SEE, group["account_id"])
    names: dict[str, None] = {}
    for rows in keyset.pages(lambda last: query(FIELDS, (group["id"], last, among or FIELDS_AT_ONCE))):
        for row in rows:
            names.update(dict.fromkeys(json.loads(row["data"] or "{}")))
        if among is not None or len(names) >= COLUMN_LIMIT:
            break
    return list(names)[:COLUMN_LIMIT]


def delete_contact(account_id: int, group_id: int, contact_id: int, *, side: Side | None = None, actor: Actor) -> None:
    group = groups.group_to_change(account_id, group_id, side, actor)

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
