"""A wesend server for the time of a test session, in a folder of its own; nothing here imports wesend itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

PATIENCE = 60.0
"""Seconds for a first start on a slow machine."""
direct = build_opener(ProxyHandler({}))
"""Opens URLs without a proxy: the sandbox answers direct requests alone."""


class ServerFailed(RuntimeError):
    """The server did not start; its last words."""


@contextmanager
def serving() -> Iterator[tuple[str, str]]:
    """Serve on a free port; the URL, and the instance folder."""
    with tempfile.TemporaryDirectory(prefix="wesend-tests-") as folder:
        environment = {
            **_without_settings(),
            "WESEND_INSTANCE": folder,
            "WESEND_SANDBOX": "1",
            "WESEND_SANDBOX_DELAY": "0.05",
            "WESEND_WORKERS": "1",
            "WESEND_THREADS": "8",
            "WESEND_ALLOW_PRIVATE_URLS": "1",
        }
        log = Path(folder) / "server.log"
        for _ in range(3):  # another process may take the port meanwhile
            url = f"http://127.0.0.1:{_free_port()}"
            environment["WESEND_BASE_URL"] = url
            command = [sys.executable, "-m", "wesend.cli", "up", "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
            with log.open("wb") as output:
                server = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
            if _answers(server, url):
                break
        else:
            raise ServerFailed(f"wesend did not start:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            yield url, folder
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _without_settings() -> dict[str, str]:
    """The environment without what is set for somebody's own wesend: its database above all is no test's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}


def _free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with direct.open(f"{url}/sandbox/rules", timeout=5):
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    if server.poll() is None:
        server.kill()
        server.wait()
    return False


def credentials_of(folder: str | None, url: str) -> dict[str, dict[str, object]]:
    """What is published of the sandbox: as the command tells it of our own server, as this package knows it of another."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="wesend-tests-") as empty:
            return credentials_of(empty, url)
    environment = {**_without_settings(), "WESEND_INSTANCE": folder, "WESEND_BASE_URL": url}
    command = [sys.executable, "-m", "wesend.cli", "sandbox", "--json"]
    told = json.loads(subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True).stdout)
    return {name: value for name, value in told.items() if isinstance(value, dict)}
