"""Reading requests strictly: what is no clean JSON object, too large or of another type is a 4xx, never a crash."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import IO, Any, NoReturn

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from ..core.current_request import this_g, this_request
from ..core.errors import WesendError

LIMIT = 1024 * 1024
UPLOAD_LIMIT = 50 * 1024 * 1024
UPLOADED = "wesend.uploaded"
"""In the environment of a request whose body was read as a form: nothing of it is left."""
PLAIN_LENGTH = re.compile(r"[0-9]{1,9}")
DRAINED = 64 * 1024 * 1024  # read and thrown away of a body that is too large, so that the client sees the answer
LARGEST_INTEGER = 2**63 - 1


class MalformedJson(WesendError):
    sentence = "The request body is not valid JSON"


class InvalidText(WesendError):
    """A string that can't be stored: NUL bytes or lone surrogates."""

    sentence = "The request contains characters that cannot be used (NUL or a lone surrogate)"


def body() -> bytes:
    """The raw body, at most LIMIT bytes, or as many as its endpoint may have, chunked or not; 413 beyond."""
    here = this_g()
    found: bytes | None = here.get("body")
    if found is None:
        limit: int = here.get("body_limit", LIMIT)
        environ = this_request().environ
        length = environ.get("CONTENT_LENGTH", "")
        if PLAIN_LENGTH.fullmatch(length) and int(length) <= limit:
            found = _read_exactly(environ, int(length))
        else:
            found = _read_guarded(limit)
        here.body = found
    return found


def _read_exactly(environ: dict[str, Any], length: int) -> bytes:
    """What the server frames by a length that is not too large: it needs no stream around it."""
    data = environ["wsgi.input"].read(length)
    if len(data) != length:
        raise ClientDisconnected
    return data


def _read_guarded(limit: int) -> bytes:
    """Of a body without a length, or with one that is too large."""
    stream = request.stream
    declared = request.content_length
    data = b"" if declared is not None and declared > limit else stream.read(limit + 1)
    if len(data) > limit or (declared is not None and declared > limit):
        _drain(stream)
        raise RequestEntityTooLarge
    return data


class UploadTooLarge(RequestEntityTooLarge):
    """A file over UPLOAD_LIMIT."""


class UploadExpected(UnsupportedMediaType):
    """Another body than a form with a file."""


def upload_fields() -> MultiDict[str, str]:
    """The form fields of an upload; its files are then in ``request.files``, on disk when they are large."""
    request.environ[UPLOADED] = True
    request.max_content_length = UPLOAD_LIMIT + LIMIT
    try:
        return request.form
    except RequestEntityTooLarge as error:
        _drain(request.environ["wsgi.input"])
        raise UploadTooLarge from error


def _drain(stream: IO[bytes]) -> None:
    drained = 0
    while drained < DRAINED and (chunk := stream.read(65536)):
        drained += len(chunk)


def json_object(*, optional: bool = False) -> dict[str, Any]:
    """The body as a JSON object. Numbers with a point are Decimals; MalformedJson, InvalidText, 413 or 415.

    ``optional``: no body at all is an empty object.
    """
    if UPLOADED in request.environ:
        raise UnsupportedMediaType  # it was read for the fingerprint of its Idempotency-Key
    raw = body()
    if optional and not raw:
        return {}
    content_type = this_request().environ.get("CONTENT_TYPE")
    if content_type and content_type != "application/json" and not (request.is_json or not raw):
        raise UnsupportedMediaType
    try:
        # Given bytes, json.loads takes UTF-16 too and lets encoded surrogates through.
        parsed = STRICT.decode(raw.decode("utf-8-sig"))
        if b"\\u" in raw:
            _check_texts(parsed)  # needs a frame more than json.loads: what was just parsed may be too deep for it
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error
    if not isinstance(parsed, dict):
        raise MalformedJson("The request body must be a JSON object")
    this_g().json = parsed
    return parsed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:  # an exponent beyond what a Decimal holds; no ValueError
        raise ValueError("a number out of range") from error
    if value and not -20 < value.adjusted() < 20:
        raise ValueError("a number out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or abs(value := int(text)) > LARGEST_INTEGER:
        raise ValueError("an integer out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_decimal, parse_int=_integer, object_pairs_hook=_unique)


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_text(key)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def check_text(text: str) -> None:
    """InvalidText for what SQLite or UTF-8 can't hold."""
    if "\x00" in text or not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidText


def query_arguments() -> dict[str, str]:
    """The query string's first values, checked like texts of a body."""
    found = request.args.to_dict()
    for key, value in found.items():
        check_text(key)
        check_text(value)
        if "\ufffd" in value and "%ef%bf%bd" not in request.query_string.decode("latin-1").lower():
            raise InvalidText  # bytes that are no UTF-8
    return found
