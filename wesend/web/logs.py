"""What the server logs, to standard error: warnings and errors always, a line a request where WESEND_LOG asks for it.

As text or as one JSON object a line, each with the request's id. No line holds a message's text, a query string, a
secret, or the token of a callback's, a mail's or a sign-in's path: every line passes `redact`, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import mmap
import re
import struct
import time
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from gunicorn.config import Config
from gunicorn.glogging import Logger

from ..core import clock, storage
from ..core.client_addresses import client_address
from ..core.request_ids import request_id
from ..core.settings import Settings
from ..dialects.listed import DIALECTS

ACCESS = "wesend.access"
QUIET = frozenset({"health.healthz", "metrics.metrics"})  # asked every few seconds: logged at debug
LONGEST = 2000  # characters of a line of a traceback: an exception may quote what it choked on
SECRET_NAME = re.compile(r"token|secret|key|code|signature|password", re.IGNORECASE)
HIDDEN = "…"
PREFIXES = sorted({prefix for dialect in DIALECTS for prefix in dialect.credentials.prefixes})
"""What the APIs' credentials begin with."""
RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        # gunicorn quotes the line that it could not read: of a header, or of the request itself
        (r"(Invalid request from ip=\S+: [^:]*).*", r"\1"),
        (r"(/callbacks(?:/[^/\s\"'?]+){0,2})/[^\s\"'?]+", rf"\1/{HIDDEN}"),
        (r"(/t)/[^\s\"'?/]+", rf"\1/{HIDDEN}"),
        (r"(/(?:sign-?in|log-?in|invite|invitation|reset|password|welcome)s?)/[^\s\"'?]+", rf"\1/{HIDDEN}"),
        # None of these looks at a character more than a few times: whoever fills the log chooses the line.
        (r"\?[^\s\"'<>?=]*=[^\s\"'<>)]*", f"?{HIDDEN}"),
        # Up to the last @: a password may hold one.
        (r"(://[^/\s:@]{0,100}:)[^\s/]{1,200}@", rf"\1{HIDDEN}@"),
        (r"\b(basic|bearer)\s+[a-z0-9+/=._~-]{6,}", rf"\1 {HIDDEN}"),
        (r"((?:api[-_]?key|secret|password|token)[\"']?\s{0,9}[:=]\s{0,9})[\"']?[^\s\"',;}]+", rf"\1{HIDDEN}"),
        (r"\b(?:whsec|sk|pk)_[a-z0-9+/=_-]{16,}", HIDDEN),
        (r"\b(?:" + "|".join(map(re.escape, PREFIXES)) + r")[\w-]{4,}", HIDDEN),
    )
)


def redact(text: str) -> str:
    """The text without secrets, tokens and query strings."""
    for pattern, shown in RULES:
        text = pattern.sub(shown, text)
    return text


def _one_line(text: str) -> str:
    """Control characters spelled out: what a caller sends can't begin a line of its own."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    if not record.exc_info:
        return None
    lines = redact(formatter.formatException(record.exc_info)).splitlines()
    return "\n".join(_one_line(line)[:LONGEST] for line in lines)


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_moment(record)} [{record.process}] {record.levelname} {redact(_one_line(record.getMessage()))}"
        fields = " ".join(f"{name}={_one_line(str(value))}" for name, value in _fields(record).items() if value is not None)
        trace = _trace(self, record)
        return (f"{line} {fields}" if fields else line) + (f"\n{trace}" if trace else "")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": redact(record.getMessage()),
            **_fields(record),
        }
        trace = _trace(self, record)
        if trace:
            shown["trace"] = trace
        return json.dumps(shown, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> str:
    return f"{clock.to_datetime(int(record.created * 1000)):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The request's id, and what the line itself brings."""
    found: dict[str, Any] = {"request_id": request_id()} if has_request_context() else {}
    found.update(getattr(record, "fields", {}))
    return found


# -- the line a request ------------------------------------------------------------


def init_app(app: Flask) -> None:
    """A line a request, where the settings ask for it; else requests pay nothing."""
    if app.config["WESEND"].log == "off":
        return
    access = logging.getLogger(ACCESS)

    @app.before_request
    def begin() -> None:
        g.logged_from = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        level = logging.DEBUG if request.endpoint in QUIET else logging.INFO
        if access.isEnabledFor(level):
            access.log(level, "%s %s %s", request.method, _path(), response.status_code, extra={"fields": _access(response)})
        return response


def _path() -> str:
    """The path without its query, nor what a route calls a token."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        if SECRET_NAME.search(name) and value:
            path = path.replace(str(value), HIDDEN)
    return path[:300]


def _access(response: Response) -> dict[str, Any]:
    key = g.get("key")
    return {
        "method": request.method,
        "path": redact(_path()),
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.logged_from) * 1000, 1),
        "bytes": response.calculate_content_length(),
        "remote": client_address(),
        "endpoint": request.endpoint,
        "account": key.account.id if key else None,
        "key": key.id if key else None,
    }


# -- a full disk ---------------------------------------------------------------------


class OncePerMinute(logging.Filter):
    """Of what is logged because nothing can be stored, a line a minute and cause, over all processes of a server.

    Every request and every job would tell of a full disk, twice a second and with a page of traceback each.
    """

    SECONDS = 60
    LAST = struct.Struct("<q")

    def __init__(self) -> None:
        super().__init__()
        self.told = mmap.mmap(-1, mmap.PAGESIZE)  # shared by what is forked

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        cause = getattr(record, "storage_cause", None) or storage.cause_of(error)
        if cause is None:
            return True
        # An unreachable database says why in its own words: all of them are one cause.
        place = storage.CAUSES.index(cause) if cause in storage.CAUSES else len(storage.CAUSES)
        at, now = place * self.LAST.size, time.monotonic_ns()
        last = self.LAST.unpack_from(self.told, at)[0]
        if last and now - last < self.SECONDS * 10**9:
            return False
        self.LAST.pack_into(self.told, at, now)
        if error is not None:
            record.msg, record.args = f"{record.getMessage()}: {error}", ()
            record.exc_info = record.exc_text = None
        return True


QUIETLY = OncePerMinute()


# -- where the lines go ------------------------------------------------------------


def formatter_of(settings: Settings) -> logging.Formatter:
    return JsonLines() if settings.log == "json" else TextLines()


def configure(settings: Settings) -> None:
    """Set the process's logging up; call once, before the application is made."""
    level = logging.WARNING if settings.log == "off" else getattr(logging, settings.log_level.upper())
    handler = logging.StreamHandler()
    handler.setFormatter(formatter_of(settings))
    handler.addFilter(QUIETLY)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Other packages tell too much below a warning: aiosmtpd names recipients, urllib3 whole URLs.
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("wesend").setLevel(level)


def gunicorn_logger(settings: Settings) -> type[Logger]:
    """gunicorn's own lines in the same form: it quotes addresses and headers in its errors."""

    class RedactingLogger(Logger):
        def setup(self, cfg: Config) -> None:
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(formatter_of(settings))
                handler.addFilter(QUIETLY)

    return RedactingLogger
