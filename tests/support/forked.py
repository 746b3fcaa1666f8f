"""Processes forked from one that has imported wesend already, which saves each start the second that importing takes.

For tests that kill servers, start them again, or only need one. `Server` itself starts as a user would.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .server import PROJECT, Server

context = multiprocessing.get_context("forkserver")
# What a server loads before it forks, but for prometheus_client, which decides on its import where it counts.
context.set_forkserver_preload(
    [
        "wesend.server",
        "wesend.jobs",
        "wesend.models",
        "wesend.dialects.listed",
        "wesend.dashboard",
        "wesend.callbacks",
        "wesend.docs",
        "wesend.smpp",
        "wesend.sandbox.api",
        "wesend.web.metrics",
        "tests.support.every_gateway",
        "wesend.messages.dispatch.submit",
        "wesend.cli.serving",
        "psycopg",  # where it is installed
        "wesend.database.postgresql",
    ]
)


class ForkedServer(Server):
    """Everything else as in `Server`: its own session, environment, log and workers. Its commands are forked, too.

    Only a library that is to be preloaded needs a new program.
    """

    def launch(self) -> Forked | subprocess.Popen:  # type: ignore[override]
        if "LD_PRELOAD" in self.environment:
            return super().launch()
        return Forked(self.program, self.environment, self.log, self.log)

    def _python(self, *arguments: str) -> str:
        if "LD_PRELOAD" in self.environment:
            return super()._python(*arguments)
        with tempfile.TemporaryDirectory() as folder:
            done = run(arguments, self.environment, Path(folder))
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def run(program: tuple[str, ...], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` with its output captured, for a program that is expected to end within a minute by itself."""
    out, err = folder / "forked.out", folder / "forked.err"
    started = Forked(program, environment, out, err)
    try:
        return subprocess.CompletedProcess(program, started.wait(60), out.read_text(), err.read_text())
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


class Forked:
    """As much of `subprocess.Popen` as servers need."""

    def __init__(self, program: tuple[str, ...], environment: dict[str, str], out: Path, err: Path):
        self._process = context.Process(target=_become, args=(program, environment, out, err), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        with suppress(ProcessLookupError):  # it has ended meanwhile
            while self.poll() is None and os.getpgid(self.pid) != self.pid:  # else who kills its group kills nobody
                time.sleep(0.002)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("forked server", timeout or 0)
        return self._process.exitcode


def _become(program: tuple[str, ...], environment: dict[str, str], out: Path, err: Path) -> None:
    """Run it as `python PROGRAM` would."""
    os.setsid()
    for descriptor, path in ((1, out), (2, err)):
        output = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(output, descriptor)
        os.close(output)
    os.chdir(PROJECT)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(PROJECT))
    if program[0] == "-c":
        sys.argv = ["-c", *program[2:]]
        exec(program[1], {"__name__": "__main__"})
    elif program[0] == "-m":
        sys.argv = list(program[1:])
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(program)
        runpy.run_path(program[0], run_name="__main__")
