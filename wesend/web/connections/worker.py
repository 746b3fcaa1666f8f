"""gunicorn's threaded worker, with the patience taken out of its threads.

A request is gathered by the worker's own thread, which waits for all clients at once, and goes to the pool when it is
whole. Only what is too large for that, and who reads an answer slowly, holds a thread meanwhile: half of them at most.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.http.message import Request
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from ...core import storage
from ...database.errors import DATABASE_ERRORS
from .descriptors import Spare
from .framing import State
from .paced_socket import GRACE, PacedSocket, Slots, SlowClient

LOOK_EVERY = 0.5  # seconds between looks for who is too slow
LINGER = 2.0  # seconds in which a client may take note that we have closed
SHORT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
BUSY = b'{"error": "busy", "message": "Too many large requests at once; try again in a moment"}\n'
LATER = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BUSY), BUSY)
)


class PatientWorker(ThreadWorker):
    cpu: int | None = None
    """The one that it stays on."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.slots = Slots(max(1, self.cfg.threads // 2))
        self.gathering: dict[TConn, None] = {}  # whose request is not whole; the oldest first
        self.waiting: deque[TConn] = deque()  # for a slot
        self.lingering: dict[TConn, float] = {}  # closed on our side, until then at most
        self.looked_at = 0.0
        self.stopped_at: float | None = None

    def init_process(self) -> None:
        self.spare = Spare()
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.cfg.threads, initializer=self._open_database)

    def _open_database(self) -> None:
        """Before a thread's first request: what is read later needs no descriptor then."""
        app: Any = self.wsgi
        database = app.extensions.get("wesend.database")  # none in the yardstick that benchmarks compare with
        with suppress(OSError, *DATABASE_ERRORS), app.app_context():
            if database is not None:
                database.prepare_thread()

    # -- coming -----------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in SHORT_OF_FILES:
                self._do_without(listener)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._gather(TConn(self.cfg, PacedSocket(accepted, self.slots), address, listener.getsockname()))

    def _do_without(self, listener: socket.socket) -> None:
        """Somebody makes way, or whoever knocks is refused."""
        self.log.error("no connection can be taken: %s", storage.DESCRIPTORS, extra={"storage_cause": storage.DESCRIPTORS})
        if not self._make_room():
            self.spare.refuse_next(listener, self.wsgi)
        time.sleep(0.02)  # whoever knocks is still there

    def on_client_socket_readable(self, conn: TConn, client: PacedSocket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        conn.sock.begin(b"")
        self._gather(conn)

    def _go_on(self, conn: TConn, _ready: PacedSocket) -> None:
        if conn in self.gathering:  # else it made way for another in this round
            self._gather(conn)

    def _gather(self, conn: TConn) -> None:
        try:
            state = conn.sock.gather()
        except OSError:
            state = None
        if state is State.PARTIAL:
            if conn not in self.gathering:
                self.gathering[conn] = None
                self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._go_on, conn))
            return
        self._gathered(conn)
        if state is State.WHOLE:
            self._serve(conn)
        elif state is State.STREAM:
            conn.timeout = time.monotonic() + GRACE
            self.waiting.append(conn)
            self._serve_waiting()
        else:
            self._end(conn)

    def _gathered(self, conn: TConn) -> None:
        if conn in self.gathering:
            del self.gathering[conn]
            self.poller.unregister(conn.sock)

    def _serve(self, conn: TConn) -> None:
        conn.data_ready = True
        self.enqueue_req(conn)

    def _serve_waiting(self) -> None:
        while self.waiting and self.waiting[0].sock.may_be_slow():
            self._serve(self.waiting.popleft())

    # -- being served -----------------------------------------------------

    def handle_request(self, req: Request, conn: TConn) -> bool:
        conn.sock.request = req
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        try:
            return not conn.sock.is_slow and super()._keepalive_after(conn, keepalive)
        except SlowClient:
            return False  # it was answered without its body

    def handle_error(self, req: Request | None, client: PacedSocket, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, SlowClient):
            super().handle_error(req, client, addr, exc)
            return
        with suppress(OSError):
            util.write_error(client, exc.code, exc.name, exc.description)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        conn.sock.give_back()
        try:
            keeps = not fs.cancelled() and fs.result()
        except Exception:
            keeps = False
        if not keeps:
            self._linger(conn)
        elif read_ahead := conn.parser.unreader.take_buffered():
            conn.sock.begin(read_ahead)
            self._gather(conn)
        elif conn.sock.data:
            conn.sock.begin(b"")
            self._gather(conn)
        else:
            self._keep(conn)
        self._serve_waiting()

    def _keep(self, conn: TConn) -> None:
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    # -- the end ----------------------------------------------------------

    def _linger(self, conn: TConn) -> None:
        """Close our side, and the whole when the client has; at once, it might lose the answer with what it still sends.

        (gunicorn waits for that in the thread that accepts and hands out: a few silent clients stop the worker.)
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._throw_away, conn))
        except OSError:
            self._end(conn)
        else:
            self.lingering[conn] = time.monotonic() + LINGER

    def _throw_away(self, conn: TConn, _ready: PacedSocket) -> None:
        try:
            if conn.sock.throw_away():
                return
        except OSError:
            pass
        self._lingered(conn)

    def _lingered(self, conn: TConn) -> None:
        del self.lingering[conn]
        self.poller.unregister(conn.sock)
        self._end(conn)

    def _end(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> bool:
        """The client that has taken longest over its request makes way, else one whose connection is only kept; whether
        there was any.
        """
        for conn in list(self.gathering)[:1]:
            self._gathered(conn)
            self._end(conn)
            return True
        if self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._end(conn)
            return True
        return False

    def murder_pending(self) -> None:
        """Who is too slow; the worker calls it with every round."""
        now = time.monotonic()
        if now - self.looked_at < LOOK_EVERY:
            return
        self.looked_at = now
        if not self.alive and self.stopped_at is None:
            self.stopped_at = now
        for conn in [conn for conn in self.gathering if self._patience_ends(conn) <= now]:
            self._gathered(conn)
            if conn.sock.data:
                conn.sock.pace.deadline = now
                self._serve(conn)  # waits for nothing: it is answered 408 at the first byte that is missing
            else:
                self._end(conn)
        for conn in [conn for conn, until in self.lingering.items() if until <= now]:
            self._lingered(conn)
        while self.waiting and self.waiting[0].timeout <= now:
            conn = self.waiting.popleft()
            with suppress(OSError):
                conn.sock.sendall(LATER)
            self._linger(conn)

    def _patience_ends(self, conn: TConn) -> float:
        deadline: float = conn.sock.pace.deadline
        if self.stopped_at is None:
            return deadline
        return min(deadline, self.stopped_at + STOP_KEEPALIVE_LINGER if conn.sock.data else self.stopped_at)
