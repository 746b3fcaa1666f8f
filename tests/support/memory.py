"""How much memory a server's processes take together at their peak, pages that they share counted once."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from .server import Server, processes


def memory_of(server: Server) -> float:
    """MB (proportional set size) of the server's processes now."""
    assert server.process is not None
    total = 0
    for found in processes():
        if found.group == server.process.pid:
            with suppress(OSError, ValueError):
                lines = Path(f"/proc/{found.pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


class Peak:
    """``with Peak(server) as peak: …; peak.megabytes``: looked at all the time."""

    def __init__(self, server: Server):
        self.server, self.megabytes = server, memory_of(server)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self.over.wait(0.01):
            self.megabytes = max(self.megabytes, memory_of(self.server))

    def __enter__(self) -> Peak:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()
        self.megabytes = max(self.megabytes, memory_of(self.server))
