"""What a command answers in a sentence, instead of with a traceback."""

from __future__ import annotations

import sqlite3

from ..core.errors import StorageFull, WesendError
from ..core.settings_values import SettingsError
from ..core.vault import Unreadable
from ..database.errors import DatabaseProblem

NO_TEXT = "surrogates not allowed"
"""Python's word for bytes of a command line that are no text: it keeps them for the names of files."""


def sentence_of(error: Exception) -> str | None:
    """None: it is nothing that was foreseen."""
    if isinstance(error, StorageFull):
        return f"{error} ({error.cause})."
    if isinstance(error, WesendError | SettingsError | DatabaseProblem | Unreadable):
        return str(error)
    if isinstance(error, sqlite3.OperationalError):
        return f"The database can't be used: {error}."
    if isinstance(error, UnicodeEncodeError) and error.reason == NO_TEXT:
        return "What was given is not all text in UTF-8."
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ") + "."
    return None
