"""A proxy before PostgreSQL that counts round trips, delays them, cuts a connection at its COMMIT, or lets nothing through."""

from __future__ import annotations

import socket
import threading
import time
from typing import Literal

Cut = Literal["before", "after"]
"""Whether the server gets the COMMIT that the client is not answered."""


class Proxy:
    """``with Proxy(port) as proxy``: on a free port of loopback."""

    refuses_then = False
    """Whether a cut is the last that is heard of the server: nobody can look up what became of the COMMIT."""

    def __init__(self, port: int, delay: float = 0.0):
        self.target, self.delay = port, delay
        self.cut: Cut | None = None
        self.cuts = 0
        self.refusing = False
        """Whether nobody gets through from now on: connections that are new are closed at once."""
        self.round_trips = 0
        self.flowing = threading.Event()
        self.flowing.set()
        self.lock = threading.Lock()
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Proxy:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.flowing.set()
        self.listener.close()
        self.hang_up()

    def freeze(self) -> None:
        """Connections stand, and nothing comes through."""
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def hang_up(self) -> None:
        """Every connection that there is breaks."""
        with self.lock:
            broken, self.sockets = self.sockets, []
        for one in broken:
            _close(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
                if self.refusing:
                    raise ConnectionRefusedError
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                if self.listener.fileno() < 0:
                    return
                _close(client)
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.sockets += [client, server]
            answered = threading.Event()
            answered.set()
            threading.Thread(target=self._forward, args=(client, server, answered), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, answered), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, answered: threading.Event) -> None:
        try:
            while data := client.recv(65536):
                self.flowing.wait()
                if answered.is_set():
                    answered.clear()
                    self.round_trips += 1
                    time.sleep(self.delay)
                if self.cut is not None and b"COMMIT\0" in data:
                    self._cut_off(client, server, data, self.cut)
                    return
                server.sendall(data)
        except OSError:
            pass
        _close(client)
        _close(server)

    def _cut_off(self, client: socket.socket, server: socket.socket, data: bytes, cut: Cut) -> None:
        self.cut = None
        self.cuts += 1
        self.refusing = self.refuses_then
        _close(client)
        if cut == "after":
            server.sendall(data)
            time.sleep(0.05)
        _close(server)

    def _answer(self, server: socket.socket, client: socket.socket, answered: threading.Event) -> None:
        try:
            while data := server.recv(65536):
                self.flowing.wait()
                answered.set()
                client.sendall(data)
        except OSError:
            pass
        _close(client)
        _close(server)


def _close(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
