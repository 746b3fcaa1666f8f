"""The instance's secret key: given by a setting, else made once and kept with mode 600."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

from .settings import Settings

NAME = "secret.key"


def secret_key(settings: Settings) -> str:
    """The key of sessions, signed links and stored secrets."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / NAME
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(48)
    temporary = path.with_name(f"{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
        with suppress(FileExistsError):
            os.link(temporary, path)  # only one process wins
    finally:
        temporary.unlink()
    return path.read_text().strip()
