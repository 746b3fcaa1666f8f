"""`wesend up --reload`: the server anew whenever a file of the program changes. For whoever works on it; one process more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from ..database.migrations_folder import MIGRATIONS

PACKAGE = Path(__file__).resolve().parents[1]
WATCHED = {".py", ".html", ".css", ".js", ".txt", ".svg"}
LOOK_EVERY = 0.5  # seconds
STOP_SECONDS = 5  # what is under way is cut off after them: it is a developer's own


def serve_anew_at_changes(arguments: list[str]) -> None:
    """Run `wesend` with these arguments, again and again; ends with Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seen = _stamps()
    server = _start(arguments)
    try:
        while True:
            time.sleep(LOOK_EVERY)
            found = _stamps()
            if found != seen:
                changed = sorted(path for path in found.keys() | seen.keys() if found.get(path) != seen.get(path))
                click.echo(f"{changed[0]} changed: the server starts anew.", err=True)
                seen = found
                _stop(server)
                server = _start(arguments)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(server)


def _stamps() -> dict[Path, int]:
    """When each watched file was last written."""
    found: dict[Path, int] = {}
    for folder in (PACKAGE, MIGRATIONS):
        for path in folder.rglob("*"):
            try:
                if path.suffix in WATCHED:
                    found[path] = path.stat().st_mtime_ns
            except FileNotFoundError:  # an editor's own, gone again
                continue
    return found


def _start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """In a group of its own: Ctrl-C reaches this process alone, which ends the server's workers with it."""
    return subprocess.Popen([sys.executable, "-m", "wesend.cli", *arguments], start_new_session=True)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """All of it: the next one needs its port."""
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
