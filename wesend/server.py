"""Serving: what must be true before gunicorn starts, and gunicorn with the jobs in its workers."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from .accounts import sign_in
from .coordination import cluster, hosts, leadership, pause, running
from .coordination.pause import Pause
from .coordination.pulse import Pulse
from .core import clock, settings, settings_together, storage
from .core.errors import StorageFull
from .database import orm
from .database.schema_version import DatabaseProblem, bring_up_to_date, prepare_folder
from .dialects.first_message import Wanted
from .dialects.listed import DIALECTS
from .gateways import registry
from .sandbox import account as sandbox_account
from .smpp import starting as smpp_starting
from .web import logs, metrics_folder
from .web.connections.descriptors import allow_many_descriptors
from .web.connections.worker import PatientWorker
from .web.metrics import FOLDER_VARIABLE

TIMEOUT = 30  # seconds; the gateway budget (10) < timeout <= graceful timeout
GRACEFUL_TIMEOUT = 35


def _first_message(base_url: str) -> str:
    """A command that sends a message as it is printed, by the first of the APIs."""
    access, first = DIALECTS[0].sandbox, DIALECTS[0].first_message
    call = first.call(access.credentials, Wanted(access.wallet_uid, "0712345678", None, "Hello from wesend"))
    *headers, body = call.options()
    return " \\\n  ".join([" ".join(["curl", *headers]), body, base_url + call.path])


class Started(NamedTuple):
    """What is told at the start."""

    values: settings.Settings
    url: str
    sign_in_url: str | None = None  # only on the first start
    paused: Pause | None = None

    def data(self) -> dict[str, Any]:
        told = {
            "url": self.url,
            "instance": str(self.values.instance),
            "database": str(self.values.database),
            "sandbox": self.values.sandbox,
            "sign_in_url": self.sign_in_url,
        }
        return told if self.paused is None else {**told, "dispatch": "paused", "reason": self.paused.reason}

    def text(self) -> str:
        lines = [f"wesend serves on {self.url}", f"Data lies in {self.values.instance}"]
        if self.sign_in_url:
            lines += ["", "Sign in and set a password (works once, within 30 minutes; told only now):", f"  {self.sign_in_url}", ""]
        if self.values.sandbox:
            lines += [
                "The sandbox is on: it never sends. Try it:",
                "",
                _first_message(self.url),
                "",
                f"and read what it caught: curl '{self.url}/sandbox/messages'",
            ]
        else:
            lines.append("The sandbox is off. Make an account, a wallet and a key with `wesend --help`.")
        if self.paused is not None:
            lines += [
                "",
                f"DISPATCH IS PAUSED since {clock.iso(self.paused.since)}: {self.paused.reason}.",
                "Nothing leaves until `wesend resume`.",
            ]
        return "\n".join(lines)


def up(*, host: str | None, port: int | None, workers: int | None, show: Callable[[Started], None]) -> None:
    """Check, migrate, make the sandbox, say so, serve until told to stop."""
    for name, value in (("WESEND_HOST", host), ("WESEND_PORT", port), ("WESEND_WORKERS", workers)):
        if value is not None:
            # The environment, so that what follows from a setting (base URL, sandbox) follows from the option too.
            os.environ[name] = str(value)
    values = settings.load()
    settings_together.check(values)
    smpp_starting.check(values)
    with ExitStack() as at_end:
        _start(values, show, at_end).run()


def _start(values: settings.Settings, show: Callable[[Started], None], at_end: ExitStack) -> Server:
    """All that comes before gunicorn; ``at_end`` undoes it, in a start that fails, too."""
    at_end.enter_context(_take_port(values))
    _refuse_busy_port(values.host, values.port, "--port or WESEND_PORT")
    if values.smpp_port is not None:
        _refuse_busy_port(values.smpp_host, values.smpp_port, "WESEND_SMPP_PORT")
    from . import create_app  # the factory imports the commands, which import this module

    allow_many_descriptors()
    prepare_folder(values)
    logs.configure(values)
    counts = metrics_folder.make(values)
    if counts is not None:
        at_end.callback(counts.remove)
        os.environ[FOLDER_VARIABLE] = str(counts.path)
        at_end.callback(os.environ.pop, FOLDER_VARIABLE, None)
    at_end.callback(os.close, leadership.announce_serving(values))
    app = create_app(values)
    with app.app_context():
        bring_up_to_date()
        first = _first_steps(values)
        paused = pause.current()
        process = app.extensions["wesend.process"]
        process.since = clock.now_ms()
        app.extensions["wesend.database"].close()
        orm().engine.dispose()
    url = values.base_url if "WESEND_BASE_URL" not in settings.environment() else _local_url(values)
    at_end.callback(running.forget, running.tell(values, url, process.version, process.since))
    at_end.callback(_leave, app)
    with suppress(OSError):  # the log that it is written to may stand on the full disk
        show(Started(values, url, f"{values.base_url}/sign-in/{first}" if first else None, paused))
    # Workers never look through what is here now for garbage: that took 130 ms each time, often under the write lock.
    gc.collect()
    gc.freeze()
    return Server(app, values)


def _leave(app: Flask) -> None:
    """The other hosts need not wait until this one has not been seen for long."""
    with app.app_context(), suppress(Exception):  # the database may be away
        if cluster.is_shared():
            hosts.leave()


def _first_steps(values: settings.Settings) -> str | None:
    """The sandbox where it is missing, and the first user's link. On a full disk what is there is served as it is."""
    try:
        if values.sandbox:
            sandbox_account.ensure_sandbox()
        return sign_in.first_link()
    except (StorageFull, OSError) as error:
        if storage.cause_of(error) is None:
            raise
        return None


def _local_url(values: settings.Settings) -> str:
    host = "127.0.0.1" if values.host == "0.0.0.0" else values.host
    return f"http://[{host}]:{values.port}" if ":" in host else f"http://{host}:{values.port}"


def _take_port(values: settings.Settings) -> socket.socket:
    """Of two that start at the same moment both would find the port free: a name that one process may have decides.

    The kernel frees it with the last worker, as it does the port. The socket has no name where there are no such names.
    """
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0wesend-{values.host}-{values.port}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            name.close()
            raise _busy(values.host, values.port, "--port or WESEND_PORT") from error
    return name


def _busy(host: str, port: int, setting: str) -> DatabaseProblem:
    return DatabaseProblem(f"Port {port} on {host} is in use: stop what listens there, or choose another with {setting}.")


def _refuse_busy_port(host: str, port: int, setting: str) -> None:
    """With SO_REUSEPORT a second server would silently share the port: look first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _busy(host, port, setting) from error
        raise DatabaseProblem(f"Can't listen on {host}:{port}: {error.strerror or error}.") from error


def _place_for_heartbeats(values: settings.Settings) -> str | None:
    """Where gunicorn's workers show that they live: a nameless, empty file each."""
    for place in ("/dev/shm", os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), str(values.instance)):
        try:
            with tempfile.TemporaryFile(dir=place or None):
                return place or None
        except OSError:
            continue
    return None


class Server(BaseApplication):
    """gunicorn with threads; the application is loaded once, before the fork."""

    def __init__(self, app: Flask, values: settings.Settings):
        self.app, self.values = app, values
        super().__init__()

    def load_config(self) -> None:
        values = self.values
        host = f"[{values.host}]" if ":" in values.host else values.host
        for name, value in {
            "bind": f"{host}:{values.port}",
            "workers": values.workers,
            "threads": values.threads,
            "worker_class": "wesend.web.connections.worker.PatientWorker",
            "timeout": TIMEOUT,
            "graceful_timeout": GRACEFUL_TIMEOUT,
            "keepalive": 15,
            "preload_app": True,
            "reuse_port": values.workers > 1,
            "control_socket_disable": True,
            # Else a header of any client's, passed on by a proxy here, says where the paths begin.
            "forwarder_headers": "",
            "loglevel": "warning" if values.log == "off" else values.log_level,
            "logger_class": logs.gunicorn_logger(values),
            "pre_fork": _choose_cpu,
            "post_worker_init": _begin,
            "worker_exit": _stop_jobs,
            "proc_name": "wesend",
            "umask": 0o077,
            "worker_tmp_dir": _place_for_heartbeats(values),
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app


def _choose_cpu(arbiter: Arbiter, worker: PatientWorker) -> None:
    """The one with the fewest workers, of those that this process may use; None where there is nothing to choose."""
    worker.cpu = None
    if arbiter.cfg.workers > 1 and hasattr(os, "sched_getaffinity"):
        taken = Counter(other.cpu for other in arbiter.WORKERS.values())
        with suppress(OSError):  # a sandbox of the system's may forbid to ask
            worker.cpu = min(sorted(os.sched_getaffinity(0)), key=lambda cpu: taken[cpu])


def stay_on_one_cpu(worker: PatientWorker) -> None:
    """Keep this thread, and all that it starts from now on, on the worker's CPU.

    A worker's threads take turns (there is one GIL), and hand over many times a request: across CPUs each time costs an
    interrupt and cold caches. Measured: 1.4 times the sends and webhooks a second, for a quarter less CPU each.
    """
    if worker.cpu is not None:
        with suppress(OSError):  # the CPU was taken away meanwhile
            os.sched_setaffinity(0, {worker.cpu})


def _begin(worker: PatientWorker) -> None:
    """What a worker does before it serves."""
    from .jobs import Jobs

    stay_on_one_cpu(worker)
    app = worker.wsgi
    Pulse(app).start()
    # Its end is as that of a worker whose time has come: gunicorn starts another.
    app.extensions["wesend.database"].on_stuck = lambda: os.kill(os.getpid(), signal.SIGTERM)
    if app.config["WESEND"].smpp_port is not None:
        _listen_for_smpp(worker, app)
    if app.config["WESEND"].scheduler:
        app.extensions["wesend.jobs"] = Jobs(app)
        app.extensions["wesend.jobs"].start()


def _listen_for_smpp(worker: PatientWorker, app: Flask) -> None:
    from .smpp.listener import Listener

    listener = Listener(app, lambda: not worker.alive)
    try:
        listener.start()
    except OSError as error:
        app.logger.error("SMPP can't be served on port %s: %s", app.config["WESEND"].smpp_port, error.strerror or error)
        return
    app.extensions["wesend.smpp"] = listener


def _stop_jobs(_server: Arbiter, worker: PatientWorker) -> None:
    app = getattr(worker, "wsgi", None)
    if app is not None:
        if "wesend.smpp" in app.extensions:
            app.extensions["wesend.smpp"].stop()
        if "wesend.jobs" in app.extensions:
            app.extensions["wesend.jobs"].stop()
        registry.close(app)
        with app.app_context(), suppress(StorageFull):
            app.extensions["wesend.last_used"].flush()
            app.extensions["wesend.call_log"].flush()
