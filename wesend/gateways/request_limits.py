"""How many requests of this process may wait for gateways, so that the rest of its threads keeps answering."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

from flask import Flask

from ..core import thread_slots
from ..core.current_app import this_app
from ..core.errors import TooManyAsked, WesendError
from ..core.thread_slots import AGAIN, BY_HAND

APART = 8  # threads for what must be done, but is not waited for


class _Apart:
    """Threads of this process, made when first needed: none may cross a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[[], object]) -> None:
        with self.lock:
            if self.pool is None:
                self.pool = ThreadPoolExecutor(APART, thread_name_prefix="apart")
            self.pool.submit(work)


def waiting_for(names: set[str]) -> AbstractContextManager[set[str]]:
    """``with waiting_for({…}) as taken``: those of these gateways that this request may wait for."""
    if not names:
        return nullcontext(names)
    return thread_slots.here().taken(names)


@contextmanager
def asked_by_hand() -> Iterator[None]:
    """For what a page or a call asks of the world outside for its own sake, a test or a check: TooManyAsked beyond the bound.

    Half of the threads at most, whoever is asked: none of them may be waiting for an answer that never comes.
    """
    with waiting_for({BY_HAND}) as taken:
        if not taken:
            raise TooManyAsked(AGAIN)
        yield


def do_apart(work: Callable[[], object]) -> None:
    """Run ``work`` in an app context beside the requests, soon."""
    app = this_app()

    def run() -> None:
        with app.app_context():
            try:
                work()
            except WesendError:
                pass  # recorded where it was raised; there is no answer to tell it in
            except Exception:
                app.logger.exception("what was to be done apart failed")

    app.extensions["wesend.apart"].submit(run)


def init_app(app: Flask) -> None:
    app.extensions["wesend.apart"] = _Apart()
