"""An SMSC that allows so many sessions never sees more, however many workers send."""

from __future__ import annotations

import threading

from tests.support.forked import ForkedServer
from tests.support.live import customer_of, number
from tests.support.server import Server
from tests.support.smsc_smpp34 import Smpp34Smsc
from tests.support.wire import at_once

MESSAGES = 40


def set_up(server: Server, smsc: Smpp34Smsc, binds: int) -> None:
    options = {"host": "127.0.0.1", "port": smsc.port, "system_id": "wesend", "binds": binds}
    given = [f"--option={name}={value}" for name, value in options.items()]
    server.command("gateway", "set", "mno", "--type", "smpp", *given, "--secret", "password=secret")


def test_two_workers_share_one_session(new_instance):
    smsc, most, watching = Smpp34Smsc().start(), [0], threading.Event()

    def watch() -> None:
        while not watching.wait(0.01):
            most[0] = max(most[0], smsc.sessions())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ForkedServer(new_instance()) as server:
            set_up(server, smsc, 1)
            customer = customer_of(server, "mno")
            sends = [lambda wire, index=index: wire.send(number(index)) for index in range(MESSAGES)]
            assert {answer.status for answer in at_once(server.port, customer, sends, threads=8)} <= {200, 202}
            server.wait_until(
                lambda: server.query("SELECT count(*) FROM messages WHERE status = 'submitted'") == [(MESSAGES,)], 60, "some wait"
            )
            assert server.query("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'") == [(0,)]
            assert most[0] == 1 and len(smsc.binds) == 1
    finally:
        watching.set()
        watcher.join()
        smsc.stop()
        smsc.close()
