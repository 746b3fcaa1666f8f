"""What makes two requests with one Idempotency-Key the same: what they say, not the bytes they say it in."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any

from flask import request

from .body import STRICT, body, upload_fields


def fingerprints() -> tuple[str, ...]:
    """Of the current request: method, path and content; the first is kept, and one that was kept under any is the same.

    Two JSON bodies are the same when they hold the same values: the order of an object's keys, spaces and escapes do not
    count, and ``1`` and ``1.0`` are one number. Lists keep their order. An upload is its fields and files, not its boundary.
    """
    if request.mimetype == "multipart/form-data":
        return (_of_upload(),)
    raw = body()
    values = _canonical(raw)
    # By its bytes: as they were kept for a day before, when an upgrade comes between a request and its repetition.
    return (_of(raw),) if values is None else (_of(values), _of(raw))


def _start() -> Any:
    return sha256(b"\0".join((request.method.encode(), request.full_path.encode())))


def _of(content: bytes) -> str:
    found = _start()
    found.update(b"\0" + content)
    return found.hexdigest()


def _of_upload() -> str:
    """Spelled as it was before, too: an upgrade may come between an upload and its repetition."""
    found = _start()
    for name, value in upload_fields().items(multi=True):
        found.update(f"\0{name}\0{value}".encode())
    for name, file in request.files.items(multi=True):
        found.update(f"\0{name}\0{file.filename}\0".encode())
        while block := file.stream.read(65536):
            found.update(block)
        file.stream.seek(0)
    return found.hexdigest()


def _canonical(raw: bytes) -> bytes | None:
    """One spelling of what a JSON document says; None for what is none."""
    try:
        return json.dumps(_plain(STRICT.decode(raw.decode("utf-8-sig"))), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """The same with numbers in one spelling each; a fraction as a list, which no number is taken for."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else ["number", format(value.normalize(), "f")]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return ["list", *map(_plain, value)]
    return value
