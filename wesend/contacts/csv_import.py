"""A list → a group: streamed, every row accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple

from ..accounts import quota, roles
from ..accounts.roles import CONTACTS, Actor
from ..accounts.service import AccountInfo
from ..accounts.sides import Side
from ..core import clock, phones, storage
from ..core.csv_cells import without_marks
from ..core.errors import StorageFull
from ..core.languages import sentence
from ..database import Tx, write, write_surely
from ..database.rows import GroupRow
from . import groups, reasons, service, tables
from .files import EmptyList, NoPhoneColumn, Table
from .headers import PHONE_HEADERS, Mapping, detect

CHUNK = 1000
CHUNK_CHARACTERS = 1_000_000


class Imported(NamedTuple):
    """``skipped`` rows had no valid phone (``invalid``) or one that came before (``duplicate``)."""

    group: GroupRow
    skipped: int
    invalid: int
    duplicates: int


def import_csv(
    account: AccountInfo,
    stream: IO[bytes],
    *,
    name: str,
    tags: list[str] | None = None,
    peoples_headers: bool = False,
    side: Side | None = None,
    actor: Actor,
) -> Imported:
    """Make a group of a list's contacts. It appears when it is complete; what goes wrong leaves nothing behind.

    ``peoples_headers``: the phone's column may be headed in other words than the contract's.
    NoPhoneColumn, EmptyList (no row at all), FileTooLarge, UnreadableFile, GroupExists, InvalidInput.
    """
    roles.require(actor, CONTACTS, account.id)
    with tables.open_table(stream, titled=peoples_headers) as table:
        mapping = detect(table.columns, peoples=peoples_headers)
        if mapping is None:
            raise NoPhoneColumn(_no_phone_column(table.columns), {"file": ["No phone column"]})
        return import_table(account, table, mapping, name=name, tags=tags, side=side, actor=actor)


def _no_phone_column(columns: list[str]) -> str:
    found = ", ".join(column[:30] for column in columns[:10] if column)
    return sentence(
        "No column is named %(phone_headers)s: the first row, which names the columns, is %(found)s",
        phone_headers=", ".join(PHONE_HEADERS),
        found=found,
    )


def import_table(
    account: AccountInfo,
    table: Table,
    mapping: Mapping,
    *,
    name: str,
    tags: list[str] | None = None,
    home_country: str | None = None,
    side: Side | None = None,
    actor: Actor,
) -> Imported:
    """Make a group of a table; ``home_country`` is where numbers without a country code are at home."""
    roles.require(actor, CONTACTS, account.id)
    storage.here().require_room()
    columns = [
        column
        for index, column in enumerate(table.columns)
        if index in (mapping.phone, mapping.name) or index in mapping.fields or not column
    ]
    group = groups.create_group(account.id, name, tags=tags, columns=columns, state="importing", side=side, actor=actor)
    try:
        counts = _import_rows(account.id, group["id"], table, mapping, home_country or account.country)
        write(lambda tx: _open(tx, group, actor))
        return Imported(groups.get_group(account.id, group["id"], actor=actor), *counts)
    except BaseException:
        write_surely(lambda tx: tx.changed("UPDATE groups SET state = 'deleting' WHERE id = ?", (group["id"],)))
        with suppress(StorageFull):  # housekeeping does it
            groups.remove_deleted(group["id"])
        raise


def _open(tx: Tx, group: GroupRow, actor: Actor) -> None:
    """Everything is there: it is a group from now on."""
    if tx.changed("UPDATE groups SET state = 'ready' WHERE id = ? AND state = 'importing'", (group["id"],)):
        (count,) = tx.all("SELECT contact_count FROM groups WHERE id = ?", (group["id"],))[0]
        groups.record_made(tx, group["account_id"], group["name"], actor=actor, detail=f"a file, {count} contacts")


class Verdict(NamedTuple):
    """A row, its number in the file, and what it is: VALID, INVALID or DUPLICATE, with a sentence why it is no contact."""

    cells: list[str]
    row: int
    kind: str
    why: str = ""


VALID, INVALID, DUPLICATE = "valid", "invalid", "duplicate"


def examine(table: Table, mapping: Mapping, home_country: str) -> Iterator[Verdict]:
    """What an import would make of each row; nothing is written."""
    seen: dict[int, int] = {}  # numbers, which take half of what texts do, and their rows
    for cells in table.rows:
        phone, row = phones.normalise(cells[mapping.phone], home_country), table.rows.number
        if phone is None:
            yield Verdict(cells, row, INVALID, reasons.of_number(cells[mapping.phone], home_country))
            continue
        first = seen.setdefault(int(phone.e164[1:]), row)
        yield Verdict(cells, row, VALID) if first == row else Verdict(cells, row, DUPLICATE, reasons.of_duplicate(first))


def _import_rows(account_id: int, group_id: int, table: Table, mapping: Mapping, home_country: str) -> tuple[int, int, int]:
    """Skipped, invalid, duplicates."""
    count = invalid = added = held = 0
    chunk: list[tuple] = []
    now = clock.now_ms()
    fields = mapping.fields.items()
    for cells in table.rows:
        count += 1
        phone = phones.normalise(cells[mapping.phone], home_country)
        if phone is None:
            invalid += 1
            continue
        data = {field: without_marks(cells[index]).strip() for index, field in fields}
        name = without_marks(cells[mapping.name]).strip() if mapping.name is not None else None
        chunk.append(service.contact_row(group_id, account_id, phone, name, data, now))
        held += sum(map(len, cells))
        if len(chunk) == CHUNK or held > CHUNK_CHARACTERS:
            kept = service.without_erased(account_id, chunk)
            invalid += len(chunk) - len(kept)
            added += _write(account_id, kept, group_id)
            chunk, held = [], 0
    kept = service.without_erased(account_id, chunk)
    invalid += len(chunk) - len(kept)
    added += _write(account_id, kept, group_id)
    if not count:
        raise EmptyList("The file has no rows", {"file": ["Empty"]})
    return count - added, invalid, count - added - invalid


def _write(account_id: int, chunk: list[tuple], group_id: int) -> int:
    if not chunk:
        return 0
    quota.require_room(account_id, service.size(chunk))

    def unit(tx: Tx) -> int:
        added = tx.executemany(service.INSERT, chunk)
        tx.execute("UPDATE groups SET contact_count = contact_count + ? WHERE id = ?", (added, group_id))
        return added

    return write(unit)
