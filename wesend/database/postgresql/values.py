"""Values as SQLite keeps them: whole numbers and no booleans, texts that PostgreSQL can store, bytes as bytes."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.adapt import Buffer, Loader
from psycopg.postgres import types
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

LARGEST = 2**63 - 1


class WholeNumber(Int8Dumper):
    """Always of eight bytes: a statement with a small and one with a large number are one prepared statement."""

    def dump(self, obj: Any) -> Buffer | None:
        if not -LARGEST - 1 <= obj <= LARGEST:
            raise OverflowError("Python int too large to convert to a database's INTEGER")
        return super().dump(int(obj))


class Text(StrDumper):
    """PostgreSQL stores no NUL: what SQLite would keep becomes the sign for what can't be shown, and never another text."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in obj else obj)


class Truth(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class Number(Loader):
    """What `sum()` of whole numbers gives is one."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class Bytes(Loader):
    """Not as a view of a buffer; without a copy of its digits, for a mail may have 20 MB."""

    def load(self, data: Buffer) -> bytes:
        return unhexlify(memoryview(data)[2:])


def adapt(connection: Connection[Any]) -> None:
    adapters = connection.adapters
    adapters.register_dumper(int, WholeNumber)
    adapters.register_dumper(bool, WholeNumber)
    adapters.register_dumper(str, Text)
    adapters.register_loader(types["bool"].oid, Truth)
    adapters.register_loader(types["numeric"].oid, Number)
    adapters.register_loader(types["bytea"].oid, Bytes)


INT8, TEXT, FLOAT8, BYTEA = (types[name].oid for name in ("int8", "text", "float8", "bytea"))
UNKNOWN = 0
AS_TEXT, AS_BYTES = 0, 1


def written(values: Sequence[Any]) -> tuple[tuple[int, ...], list[bytes | None], list[int] | None]:
    """Parameters as they go over the wire: the types, the values, and the formats where any is not text."""
    oids: list[int] = []
    texts: list[bytes | None] = []
    formats: list[int] | None = None
    for value in values:
        if value is None:
            oids.append(UNKNOWN)
            texts.append(None)
        elif isinstance(value, str):
            oids.append(TEXT)
            texts.append((value.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in value else value).encode())
        elif isinstance(value, int):
            if not -LARGEST - 1 <= value <= LARGEST:
                raise OverflowError("Python int too large to convert to a database's INTEGER")
            oids.append(INT8)
            texts.append(b"%d" % value)
        elif isinstance(value, float):
            oids.append(FLOAT8)
            texts.append(repr(value).encode())
        else:
            formats = formats or [AS_TEXT] * len(values)
            formats[len(oids)] = AS_BYTES
            oids.append(BYTEA)
            texts.append(bytes(value))
    return tuple(oids), texts, formats
