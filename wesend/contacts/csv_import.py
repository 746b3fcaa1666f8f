"""CSV → a group: streamed, in any usual encoding and delimiter, every row accounted for."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO, NamedTuple

from .. import clock, phones
from ..accounts.service import AccountInfo
from ..accounts.sides import Side
from ..database import Row, Tx, write
from ..errors import InvalidInput
from . import service

PHONE_HEADERS = ("phone", "phone_number", "mobile", "msisdn", "to", "number")
NAME_HEADERS = ("name", "full_name", "fullname")
DELIMITERS = ",;\t|"
ROW_LIMIT = 500_000
BYTE_LIMIT = 50 * 1024 * 1024
CELL_LIMIT = 10_000
CHUNK = 1000


class NoPhoneColumn(InvalidInput):
    pass


class EmptyList(InvalidInput):
    pass


class FileTooLarge(InvalidInput):
    pass


class Imported(NamedTuple):
    """``skipped`` rows had no valid phone (``invalid``) or one that came before (``duplicate``)."""

    group: Row
    skipped: int
    invalid: int
    duplicates: int


class Table(NamedTuple):
    """A CSV's header and its rows, each as long as the header."""

    columns: list[str]
    rows: Iterator[list[str]]


def read_table(stream: IO[bytes]) -> Table:
    """Header and rows of a CSV in UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252."""
    text = io.TextIOWrapper(stream, encoding=_encoding(stream), errors="replace", newline="")
    first = text.readline()
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter = first.strip()[4]
        first = text.readline()
    else:
        counts = {candidate: first.count(candidate) for candidate in DELIMITERS}
        delimiter = max(counts, key=lambda candidate: counts[candidate]) if any(counts.values()) else ","
    csv.field_size_limit(1024 * 1024)
    reader = csv.reader(_chain(first, text), delimiter=delimiter)
    header = next(_cells(reader), [])
    return Table([cell.strip().strip("\ufeff") for cell in header], _rows(reader, len(header)))


def _chain(first: str, text: io.TextIOWrapper) -> Iterator[str]:
    try:
        if first:
            yield first
        yield from text
    finally:
        if not text.closed:
            text.detach()  # the stream is the caller's to close


def _rows(reader, width: int) -> Iterator[list[str]]:
    for cells in _cells(reader):
        yield (cells + [""] * (width - len(cells)))[:width] if len(cells) != width else cells


def _cells(reader) -> Iterator[list[str]]:
    """Rows that are not blank."""
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                yield cells
    except csv.Error as error:
        raise InvalidInput(f"The file is not readable as CSV: {error}") from error


def _encoding(stream: IO[bytes]) -> str:
    """By the BOM; else UTF-8 when the whole file is, else Windows-1252 (what Excel saves)."""
    head = stream.read(4)
    stream.seek(0)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1024 * 1024):
            decoder.decode(block)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        stream.seek(0)


class Mapping(NamedTuple):
    """Which column is the phone, which the name; ``fields``: a column's place → the field that it becomes."""

    phone: int
    name: int | None
    fields: dict[int, str]


def detect(columns: list[str]) -> Mapping | None:
    """By the headers' names; None when none is a phone's."""
    lowered = [column.lower().replace(" ", "_") for column in columns]
    phone = next((lowered.index(header) for header in PHONE_HEADERS if header in lowered), None)
    if phone is None:
        return None
    name = next((lowered.index(header) for header in NAME_HEADERS if header in lowered), None)
    return Mapping(phone, name, {index: column for index, column in enumerate(columns)
                                 if index not in (phone, name) and column})


def import_csv(account: AccountInfo, stream: IO[bytes], *, name: str, tags: list[str] | None = None,
               side: Side | None = None) -> Imported:
    """Make a group of a CSV's contacts. It appears when it is complete; what goes wrong leaves nothing behind.

    NoPhoneColumn, EmptyList (no row at all), FileTooLarge, GroupExists, InvalidInput.
    """
    stream.seek(0, io.SEEK_END)
    if stream.tell() > BYTE_LIMIT:
        raise FileTooLarge(f"The file has more than {BYTE_LIMIT // 2**20} MB")
    stream.seek(0)
    table = read_table(stream)
    if not table.columns:
        raise EmptyList("The file is empty", {"file": ["Empty"]})
    mapping = detect(table.columns)
    if mapping is None:
        raise NoPhoneColumn(f"No column is named {', '.join(PHONE_HEADERS)}", {"file": ["No phone column"]})
    return import_table(account, table, mapping, name=name, tags=tags, side=side)


def import_table(account: AccountInfo, table: Table, mapping: Mapping, *, name: str, tags: list[str] | None = None,
                 home_country: str | None = None, side: Side | None = None) -> Imported:
    """Make a group of a table; ``home_country`` is where numbers without a country code are at home."""
    columns = [column for index, column in enumerate(table.columns)
               if index in (mapping.phone, mapping.name) or index in mapping.fields or not column]
    group = service.create_group(account.id, name, tags=tags, columns=columns, state="importing", side=side)
    try:
        return _import_rows(account.id, group["id"], table, mapping, home_country or account.country)
    except BaseException:
        write(lambda tx: tx.changed("UPDATE groups SET state = 'deleting' WHERE id = ?", (group["id"],)))
        service.sweep_deleted(group["id"])
        raise


class Verdict(NamedTuple):
    """A row, and why it does not become a contact: ``invalid``, ``duplicate`` or None."""

    cells: list[str]
    reason: str | None


def examine(table: Table, mapping: Mapping, home_country: str) -> Iterator[Verdict]:
    """What an import would make of each row; nothing is written."""
    seen: set[str] = set()
    for cells in _limited(table.rows):
        phone = phones.normalise(_as_number(cells[mapping.phone]), home_country)
        if phone is None:
            yield Verdict(cells, "invalid")
            continue
        yield Verdict(cells, "duplicate" if phone.e164 in seen else None)
        seen.add(phone.e164)


def _limited(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    for count, cells in enumerate(rows, 1):
        if count > ROW_LIMIT:
            raise FileTooLarge(f"The file has more than {ROW_LIMIT} rows")
        yield cells


def _import_rows(account_id: int, group_id: int, table: Table, mapping: Mapping, home_country: str) -> Imported:
    count = invalid = added = 0
    chunk: list[tuple] = []
    now = clock.now_ms()
    fields = mapping.fields.items()
    for cells in _limited(table.rows):
        count += 1
        phone = phones.normalise(_as_number(cells[mapping.phone]), home_country)
        if phone is None:
            invalid += 1
            continue
        data = {field: cells[index].strip().replace("\x00", "")[:CELL_LIMIT] for index, field in fields}
        name = cells[mapping.name].strip().replace("\x00", "")[:CELL_LIMIT] if mapping.name is not None else None
        chunk.append(service.contact_row(group_id, account_id, phone, name, data, now))
        if len(chunk) == CHUNK:
            added += _write(chunk, group_id)
            chunk = []
    added += _write(chunk, group_id)
    if not count:
        raise EmptyList("The file has no rows", {"file": ["Empty"]})
    write(lambda tx: tx.changed("UPDATE groups SET state = 'ready' WHERE id = ? AND state = 'importing'", (group_id,)))
    return Imported(service.get_group(account_id, group_id), count - added, invalid, count - added - invalid)


def _as_number(cell: str) -> str:
    """Excel shows long numbers as 2.56712E+11 and texts as '0712…: read what survives of them."""
    cell = cell.strip().lstrip("'")
    return cell[:-2] if cell.endswith(".0") else cell


def _write(chunk: list[tuple], group_id: int) -> int:
    if not chunk:
        return 0

    def unit(tx: Tx) -> int:
        before = tx.connection.total_changes
        tx.executemany(service.INSERT, chunk)
        added = tx.connection.total_changes - before
        tx.execute("UPDATE groups SET contact_count = contact_count + ? WHERE id = ?", (added, group_id))
        return added

    return write(unit)
