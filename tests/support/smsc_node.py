"""An SMSC on npm's `smpp`, in a node process; the package is fetched once, beside this file."""

from __future__ import annotations

import itertools
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from .server import free_port
from .smsc import ENOUGH, Arrived, Smsc, eventually

HERE = Path(__file__).parent
PACKAGE = "smpp@0.5.1"
TLV_NAMES = {0x1E: "receipted_message_id", 0x427: "message_state", 0x423: "network_error_code", 0x424: "message_payload"}


def node_with_smpp() -> str:
    """The path of node; skips the test when node or the package can't be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node:
        pytest.skip("node is not installed")
    if not (HERE / "node_modules" / "smpp").exists():
        if not npm:
            pytest.skip("npm is not installed")
        with tempfile.TemporaryDirectory(dir=HERE) as folder:
            got = subprocess.run(
                [npm, "install", "--prefix", folder, "--no-audit", "--no-fund", PACKAGE],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if got.returncode:
                pytest.skip(f"npm could not install {PACKAGE}: {got.stderr.strip()[-200:]}")
            try:
                (Path(folder) / "node_modules").rename(HERE / "node_modules")
            except OSError:
                assert (HERE / "node_modules" / "smpp").exists()  # another run was quicker
    return node


class NodeSmsc(Smsc):
    """``start`` again after ``stop`` serves on the same port. ``settings``: password, key and cert (files), deaf."""

    def __init__(self, **settings) -> None:
        super().__init__()
        self._node = node_with_smpp()
        self.port = free_port()
        self._settings = {"port": self.port, **settings}
        self.bind_kinds: list[str] = []
        self.enquired = 0
        self._open: list[str] = []
        self._keys = itertools.count()
        self._results: dict[str, queue.Queue] = {}
        self._process: subprocess.Popen | None = None

    def start(self) -> NodeSmsc:
        self._process = subprocess.Popen(
            [self._node, str(HERE / "smsc_node.js"), json.dumps(self._settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        assert self._listening.wait(ENOUGH), "node did not come up"
        return self

    def _read(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            getattr(self, "_on_" + event.pop("event"))(event)

    def _do(self, **command) -> None:
        assert self._process is not None and self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def _on_listening(self, _event: dict) -> None:
        self._listening.set()

    def _on_bind(self, event: dict) -> None:
        self._open.append(event["session"])
        self.bind_kinds.append(event["kind"])
        self.binds.append(event["system_id"])

    def _on_closed(self, event: dict) -> None:
        if event["session"] in self._open:
            self._open.remove(event["session"])

    def _on_enquire_link(self, _event: dict) -> None:
        self.enquired += 1

    def _on_submit(self, event: dict) -> None:
        key, udh = event.pop("key"), bytes.fromhex(event.pop("udh"))
        status, message_id = self.decide()
        is_taken = status == 0 and not self.is_silent
        self.arrived.append(Arrived(message_id if is_taken else None, udh=udh, **event))
        if not self.is_silent:
            self._do(do="answer", key=key, status=status, message_id=message_id)

    def _on_delivered(self, event: dict) -> None:
        self._results[event["key"]].put(event["status"])

    def deliver(
        self, source: str, content: bytes, *, esm_class: int = 4, data_coding: int = 0, tlvs: dict[int, bytes] | None = None
    ) -> int:
        """Bring a deliver_sm to the session that bound last; the status it is answered with."""
        fields = {
            "source_addr": source,
            "destination_addr": "WESEND",
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "esm_class": esm_class,
            "data_coding": data_coding,
        }
        for tag, value in (tlvs or {}).items():
            fields[TLV_NAMES[tag]] = value[0] if tag == 0x427 else value.rstrip(b"\0").decode("latin-1")
        return self._ask(do="deliver", session=self._open[-1], fields=fields, content=content.hex())

    def ask_whether_alive(self) -> int:
        """Send an enquire_link; the status it is answered with."""
        return self._ask(do="ask")

    def _ask(self, **command) -> int:
        key = str(next(self._keys))
        answers = self._results[key] = queue.Queue()
        self._do(key=key, **command)
        return answers.get(timeout=ENOUGH)

    def sessions(self) -> int:
        return len(self._open)

    def drop(self) -> None:
        """Cut all connections."""
        dropped = set(self._open)
        self._do(do="drop")
        eventually(lambda: not dropped & set(self._open), "the connections stayed")

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(ENOUGH)
        self._reader.join(ENOUGH)
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
        self._open.clear()

    def close(self) -> None:
        """Nothing is left after ``stop``."""
