"""ZIP files that are made while they are written: their size does not matter for the memory that it takes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from ..core import clock

Entry = tuple[str, Iterator[bytes]]
"""A file's name and its pieces."""


class _Outlet(io.RawIOBase):
    """What a ZIP is written to, to be taken away as it comes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        self.written += len(data)
        return len(data)

    def tell(self) -> int:
        return self.written

    def take(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


def stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The bytes of a ZIP with these files."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, pieces in entries:
            with archive.open(_info(name), "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    if ready := outlet.take():
                        yield ready
    yield outlet.take()


def _info(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, clock.to_datetime(clock.now_ms()).timetuple()[:6])
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o600 << 16
    return made


def in_context(app: Flask, make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The same, with no context held open between the pieces: the client decides when it reads on."""
    with app.app_context():
        pieces = make()
    while True:
        with app.app_context():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def to_file(target: Path, pieces: Iterable[bytes]) -> int:
    """Write a file of mode 600, whole or not at all; its size in bytes."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
            size = file.tell()
        os.replace(partial, target)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), str(target)) from error
    finally:
        partial.unlink(missing_ok=True)
    return size


def json_array(rows: Iterable[dict[str, Any]], count: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """A JSON array, an object a line; ``count`` is told how many there were."""
    yield b"["
    total = 0
    for row in rows:
        yield (b",\n" if total else b"\n") + json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
        total += 1
    yield b"\n]\n"
    count(total)


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
