"""Processes forked from one that has imported wesend already, which saves each start the second that importing takes.

For tests that kill servers, start them again, or only need one. `Server` itself starts as a user would.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path

from .server import PROJECT, Server

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["wesend.cli"])


class ForkedServer(Server):
    """Everything else as in `Server`: its own session, environment, log and workers."""

    def launch(self) -> Forked:
        return Forked(self.program, self.environment, self.log)


class Forked:
    """As much of `subprocess.Popen` as servers need."""

    def __init__(self, program: tuple[str, ...], environment: dict[str, str], log: Path):
        self._process = context.Process(target=_become, args=(program, environment, str(log)), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("forked server", timeout or 0)
        return self._process.exitcode


def _become(program: tuple[str, ...], environment: dict[str, str], log: str) -> None:
    """Run it as `python PROGRAM` would."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(PROJECT)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(PROJECT))
    if program[0] == "-m":
        sys.argv = list(program[1:])
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(program)
        runpy.run_path(program[0], run_name="__main__")
