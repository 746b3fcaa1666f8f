"""What the server of an instance tells to its commands: where it serves, in a file that counts while it runs.

So `wesend up --port 8401` in one terminal and `wesend sandbox` in another name the same address.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..core.settings import Settings, instance_folder

NAME = "serving.json"
SETTINGS = {"WESEND_HOST": "host", "WESEND_PORT": "port", "WESEND_BASE_URL": "base_url"}


def tell(settings: Settings, url: str, version: str, since: int) -> Path:
    """Write down that this process serves, ``since`` when (ms since 1970); on a full disk nobody is told.

    Remove the file at the end with `forget`.
    """
    path = settings.instance / NAME
    told = {
        "pid": os.getpid(),
        "began": _began(os.getpid()),
        "url": url,
        "version": version,
        "since": since,
        "base_url": settings.base_url,
        "host": settings.host,
        "port": settings.port,
        "beside": find(settings.instance),
    }
    _write(path, told)
    return path


def _write(path: Path, told: dict[str, Any]) -> None:
    part = path.with_name(f"{NAME}.{os.getpid()}")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            json.dump(told, file)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def forget(path: Path) -> None:
    """At the end of a server, unless another has told since; one that told before and goes on serving stands there again."""
    told = _read(path)
    if told is None or told["pid"] != os.getpid():
        return
    if (beside := _alive(told.get("beside"))) is not None:
        _write(path, beside)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def find(instance: Path) -> dict[str, Any] | None:
    """What the running server of an instance told; None when it is gone, or there is none."""
    return _alive(_read(instance / NAME))


def _alive(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """The latest that still runs, of one that was told and those which served when it began."""
    while told is not None and not (told["began"] is not None and _began(told["pid"]) == told["began"]):
        told = told.get("beside")
    return told


def seen_from_a_command(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the address of the running server in it, where neither address nor port is named there."""
    if any(environ.get(name, "").strip() for name in SETTINGS):
        return dict(environ)
    told = find(instance_folder(environ))
    return {**environ, **({name: str(told[key]) for name, key in SETTINGS.items()} if told else {})}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text())
        return told if {"pid", "began", "url", "version", "since", *SETTINGS.values()} <= told.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _began(pid: Any) -> str | None:
    """When a process began, in the kernel's ticks: another one with its number began at another time. None: it is gone."""
    try:
        state, *fields = Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError, TypeError):
        return None
    return None if state == "Z" else fields[18]
