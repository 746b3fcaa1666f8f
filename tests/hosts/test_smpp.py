"""SMPP on two hosts that share one PostgreSQL: binds counted over both, receipts at whichever has the bind."""

from __future__ import annotations

import pytest

from tests.support.cluster import Cluster
from tests.support.server import Server, free_port
from tests.support.smpp_client import RECEIVER, SUBMIT, TRANSMITTER, Client, submit_body

PHONE = "256712345678"


@pytest.fixture
def hosts(tmp_path, migrated_url):
    cluster = Cluster(tmp_path, migrated_url, 2, WESEND_SANDBOX="1")
    for host in cluster.hosts:
        host.environment["WESEND_SMPP_PORT"] = str(free_port())
    with cluster:
        yield cluster.hosts


def bound(host, key: dict, mode: int) -> Client:
    client = Client(int(host.environment["WESEND_SMPP_PORT"]))
    try:
        return client.bind(key, mode)
    except BaseException:
        client.socket.close()
        raise


def test_two_hosts_are_one_smsc(hosts):
    a, b = hosts
    account = str(a.command("account", "create", "Customer", "--countries", "all")["account_id"])
    wallet = a.command("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox")["wallet_id"]
    a.command("wallet", "credit", wallet, "100000")
    key = a.command("key", "create", "--account", account, "--wallet", wallet, "--api", "smpp", "--binds", "2", "--tps", "1000")
    with bound(a, key, TRANSMITTER) as sender, bound(b, key, RECEIVER) as receiver:
        with Client(int(b.environment["WESEND_SMPP_PORT"])) as third:
            assert third.try_bind(key["system_id"], key["password"]).status == 0x0D
        sequences = [sender.send(SUBMIT, submit_body(PHONE, registered=1)) for _ in range(40)]
        ids = {sender.answer_of(sequence).message_id for sequence in sequences}
        assert len(ids) == 40
        header = bytes((5, 0, 3, 7, 2))
        ids |= {sender.submit(PHONE, header + bytes((part,)) + b"part", esm_class=0x40, registered=1).message_id for part in (1, 2)}
        assert {receipt.field("id") for receipt in receiver.wait_for(42)} == ids
        assert sender.state_of(next(iter(ids))) == 2
        later = sender.submit(PHONE, schedule="000000020000000R").message_id
        assert sender.cancel(later).status == 0 and sender.state_of(later) == 4
        assert {row["key_id"] for row in b.command("smpp", "list")["binds"]} == {key["key_id"]}
        a.command("key", "revoke", str(key["key_id"]))
        for client in (sender, receiver):
            assert client.is_closed(12)
    Server.wait_until(lambda: a.query("SELECT count(*) FROM smpp_deliveries") == [(0,)], 20, "receipts still wait")
    assert a.command("audit")["ok"]
