"""A real server and a gateway that is slow or hangs: its limits hold over all workers, and the rest goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.support.forked import ForkedServer
from tests.support.live import live_customer, number, queue_bulk
from tests.support.vendor_server import VendorServer
from tests.support.wire import Wire, at_once, new_customer

PARALLEL = 3


def test_parallel_is_never_exceeded_at_the_vendor_by_two_workers_and_their_dispatcher(new_instance, tmp_path):
    with VendorServer(tmp_path, "0.03") as vendor, ForkedServer(new_instance(), WESEND_WORKERS="2", WESEND_THREADS="8") as server:
        customer = live_customer(server, vendor.url, parallel=PARALLEL)
        queue_bulk(server.instance, customer.wallet, 100)
        answers = at_once(
            server.port,
            customer,
            [lambda wire, index=index: wire.send(number(1000 + index), f"text {index}") for index in range(64)],
            threads=16,
        )
        assert {answer.status for answer in answers} == {200}
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status <> 'submitted'") == [(0,)], 60, "messages are left"
        )
        assert vendor.most_at_once() == PARALLEL and len(set(vendor.accepted())) == 164 == len(vendor.accepted())


def test_a_hanging_gateway_leaves_the_rest_of_the_server_answering(new_instance, tmp_path):
    with (
        VendorServer(tmp_path, "hang") as vendor,
        ForkedServer(new_instance(), WESEND_GATEWAY_TIMEOUT="8", WESEND_SANDBOX_DELAY="0") as server,
    ):
        live, sandbox = live_customer(server, vendor.url), new_customer(server, "100000")
        with ThreadPoolExecutor(16) as pool:

            def send_live(index: int):
                with Wire(server.port, live) as wire:
                    return wire.send(number(index), f"text {index}")

            hanging = [pool.submit(send_live, index) for index in range(16)]
            server.wait_until(vendor.accepted, 30, "nothing hangs")
            ids = []
            with Wire(server.port, sandbox) as wire:
                for index in range(20):
                    answer = wire.send(number(5000 + index), f"beside {index}")
                    assert answer.status == 200
                    ids.append(answer.data["results"][0]["message_id"])
                assert not all(future.done() for future in hanging), "the gateway hangs no more: nothing was shown"
            delivered = "SELECT count(*) FROM messages WHERE recipient LIKE '+2567710050%' AND status = 'delivered'"
            server.wait_until(lambda: server.query(delivered) == [(len(ids),)], 30, "the sandbox does not deliver")
            answers = [future.result(60) for future in hanging]
        assert {answer.status for answer in answers} == {200}, "in doubt or queued, it is accepted"
        assert len(vendor.accepted()) == len(set(vendor.accepted())), "what hangs is not sent again"
        assert server.query("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'") == [(0,)]
        assert server.command("audit")["ok"]
