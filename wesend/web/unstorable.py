"""A request that fails because nothing can be stored: 503 in the words of whoever was asked, reads go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from ..core import storage
from ..core.errors import DatabaseUnavailable, StorageFull
from ..database.errors import DATABASE_ERRORS
from ..dialects.dialect import dialect_of
from ..dialects.retry_after import retry_after


def init_app(app: Flask, elsewhere: Callable[[StorageFull], Any]) -> None:
    """``elsewhere`` shows it on pages, None from it means that there are none; anything else is answered in JSON."""

    def show(error: Exception) -> ResponseReturnValue:
        refusal = storage.refusal_of(error)
        if refusal is None:
            raise error
        if refusal is not error:
            storage.here().failed(refusal.cause)
        dialect = dialect_of(app, request.path)
        if dialect is not None:
            return dialect.render(refusal)
        shown = elsewhere(refusal)
        if shown is not None:
            return shown
        code = "service_unavailable" if isinstance(refusal, DatabaseUnavailable) else "storage_full"
        return {"error": code, "message": str(refusal)}, 503, retry_after(refusal)

    for kind in (StorageFull, *DATABASE_ERRORS, OSError):
        app.register_error_handler(kind, show)
