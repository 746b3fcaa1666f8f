"""A real server: an account is suspended while a bulk of its leaves, others are served, and nothing is lost or paid twice."""

from __future__ import annotations

import time

from tests.support.forked import ForkedServer
from tests.support.live import live_customer, number, queue_bulk
from tests.support.vendor_server import VendorServer
from tests.support.wire import Wire, new_customer

SIZE = 2000


def test_nothing_more_leaves_when_its_account_is_suspended_in_the_middle_of_a_bulk(new_instance, tmp_path):
    with VendorServer(tmp_path, "0.02") as vendor, ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0") as server:
        customer, beside = live_customer(server, vendor.url, parallel=2), new_customer(server, "100000")
        [(account,)] = server.query("SELECT account_id FROM wallets WHERE uid = ?", customer.wallet)
        queue_bulk(server.instance, customer.wallet, SIZE)
        server.wait_until(lambda: len(vendor.accepted()) > 20, 30, "the bulk does not leave")
        kept = server.command("account", "suspend", str(account))["waiting"]
        time.sleep(0.5)  # what was in flight ends
        left = len(vendor.accepted())
        assert 0 < kept and left < SIZE, "it left before it was suspended: nothing was shown"
        with Wire(server.port, customer) as wire:
            assert wire.send(number(0), "refused").status == 403
        with Wire(server.port, beside) as wire:
            assert wire.send("0712345678", "others go on").status == 200
        time.sleep(0.7)
        assert len(vendor.accepted()) == left
        waiting = "SELECT count(*) FROM messages WHERE batch_id = 1 AND status = 'queued'"
        assert server.query(waiting) == [(SIZE - left,)]
        assert server.command("account", "resume", str(account))["waiting"] == 0
        server.wait_until(lambda: len(vendor.accepted()) > left, 30, "it does not go on")
        assert server.command("audit")["ok"]
        assert len(vendor.accepted()) == len(set(vendor.accepted()))
