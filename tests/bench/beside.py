"""What is watched while something else is measured."""

from __future__ import annotations

import statistics
import threading
import time

import requests

from tests.support.server import Server

from .serving import HEADERS, memory_mb

PAUSE = 0.02  # seconds between single sends
GLANCE = 0.2  # seconds between looks at the memory; a look takes milliseconds


class _Beside(threading.Thread):
    """``with`` it, it runs; what it raised is raised at the end."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping.set()
        self.join()


class SingleSends(_Beside):
    """Single sends, one after another and a pause between; ``spent`` in milliseconds."""

    def __init__(self, url: str):
        super().__init__()
        self.url = url
        self.spent: list[float] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        with requests.Session() as session:
            while not self.stopping.is_set():
                start = time.perf_counter()
                answer = session.post(
                    f"{self.url}/api/messages/send", json={"to": "+254712345678", "text": "Hi"}, headers=HEADERS, timeout=60
                )
                self.spent.append((time.perf_counter() - start) * 1000)
                if answer.status_code != 200:
                    self.wrong.append(answer.text)
                self.stopping.wait(PAUSE)

    def p99(self) -> float:
        if self.wrong:
            raise RuntimeError(f"{len(self.wrong)} single sends were refused: {self.wrong[0]}")
        return statistics.quantiles([*self.spent, self.spent[-1]], n=100, method="inclusive")[98]


class PeakMemory(_Beside):
    """``peak``: the most that master and workers held together, MB."""

    def __init__(self, server: Server):
        super().__init__()
        self.server, self.peak = server, 0.0

    def run(self) -> None:
        while not self.stopping.wait(GLANCE):
            self.peak = max(self.peak, memory_mb(self.server))
