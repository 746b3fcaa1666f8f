"""What holds for sends by HTTP holds over SMPP: limits, block list, countries of a key, its validity, and price lists."""

from __future__ import annotations

import pytest

from tests.support.smpp_client import SUBMIT, submit_body

PHONE = "256772345678"


@pytest.fixture(scope="module")
def route(server) -> None:
    """Live messages, for 35 UGX a segment, by the gateway that sends nothing."""
    server.command("route", "set", "LIVE", "--country", "UG", "--gateway", "sandbox", "--price", "35", "--currency", "UGX")


@pytest.fixture
def live(server, route) -> dict:
    return server.customer("100000", is_sandbox=False)


def set_for(server, customer: dict, *options: str) -> None:
    server.command("account", "set", str(customer["account_id"]), *options)


def statuses(server, key: dict, phones: list[str]) -> list[int]:
    with server.bound(key) as client:
        return [client.submit(to).status for to in phones]


def messages_of(server, customer: dict) -> int:
    return server.query("SELECT count(*) FROM messages WHERE account_id = ?", customer["account_id"])[0][0]


def test_a_limit_of_messages_to_one_number(server, live):
    set_for(server, live, "--recipient-limit", "2/10m")
    found = statuses(server, server.key(live, "--senders", "any"), [PHONE] * 4 + ["256772000001"])
    assert found == [0, 0, 0x403, 0x403, 0] and messages_of(server, live) == 3


def test_a_limit_of_a_burst(server, live):
    set_for(server, live, "--burst-limit", "3/1h")
    phones = [f"2567723456{number}" for number in range(10, 15)] + ["256780000001"]
    found = statuses(server, server.key(live, "--senders", "any"), phones)
    assert found == [0, 0, 0, 0x403, 0x403, 0] and messages_of(server, live) == 4


@pytest.mark.parametrize(
    ("balance", "limit", "refused"),
    [
        ("100000", ("--recipient-limit", "10/10m"), 0x403),
        ("100000", ("--burst-limit", "10/1h"), 0x403),
        ("100000", ("--daily-limit", "350"), 0x403),
        ("350", ("--daily-limit", "none"), 0x400),
    ],
    ids=["to one number", "burst", "of a day", "money"],
)
def test_pipelined_messages_come_exactly_to_the_limit(server, route, balance, limit, refused):
    customer = server.customer(balance, is_sandbox=False)
    set_for(server, customer, *limit)
    with server.bound(server.key(customer, "--senders", "any")) as client:
        sequences = [client.send(SUBMIT, submit_body(PHONE)) for _ in range(40)]
        found = [client.answer_of(sequence).status for sequence in sequences]
    assert sorted(found) == [0] * 10 + [refused] * 30 and messages_of(server, customer) == 10
    assert float(server.balance(customer)) == float(balance) - 350
    assert server.command("audit")["ok"]


def test_parts_over_a_limit_cost_nothing(server, live):
    set_for(server, live, "--recipient-limit", "1/10m")
    with server.bound(server.key(live, "--senders", "any")) as client:
        assert client.submit(PHONE).status == 0
        header = bytes((5, 0, 3, 9, 2))
        found = [client.submit(PHONE, header + bytes((part,)) + b"part", esm_class=0x40, registered=1) for part in (1, 2)]
        assert [part.status for part in found] == [0, 0x403]
        assert client.receipt_of(found[0].message_id).field("stat") == "UNDELIV"
    assert float(server.balance(live)) == 100_000 - 35


def test_whom_nobody_sends_to(server, live):
    server.command("blocklist", "add", "25679")
    try:
        assert statuses(server, server.key(live, "--senders", "any"), ["256790000001", PHONE]) == [0x0B, 0]
    finally:
        server.command("blocklist", "remove", "25679")


def test_limits_of_the_key(server, live):
    key = server.key(live, "--senders", "any", "--countries", "KE")
    assert statuses(server, key, [PHONE]) == [0x0B]
    key = server.key(live, "--senders", "any", "--daily-limit", "70", "--valid-for", "300")
    assert statuses(server, key, [PHONE] * 3) == [0, 0, 0x403]
    rows = server.query("SELECT valid_until - due_at FROM messages WHERE account_id = ?", live["account_id"])
    assert rows == [(300_000,)] * 2


def test_a_price_list_with_tiers(server, live):
    server.command("price-list", "create", "Gold", "--currency", "UGX")
    for options in (("--price", "30"), ("--prefix", "25678", "--price", "20"), ("--from", "3", "--price", "10")):
        server.command("price-list", "set", "Gold", "--country", "UG", *options)
    set_for(server, live, "--price-list", "Gold")
    with server.bound(server.key(live, "--senders", "any")) as client:
        for to in (PHONE, "256782345678", PHONE, PHONE):
            assert client.submit(to).status == 0
        paid = server.query("SELECT cost_micros / 1000000 FROM messages WHERE account_id = ? ORDER BY id", live["account_id"])
        assert paid == [(30,), (20,), (30,), (10,)]
        parts = [client.submit(PHONE, bytes((5, 0, 3, 9, 2, part)) + b"part", esm_class=0x40) for part in (1, 2)]
        assert {part.status for part in parts} == {0}
    assert float(server.balance(live)) == 100_000 - 30 - 20 - 30 - 10 - 20
    assert server.command("audit")["ok"]


def test_what_is_set_holds_for_the_next_message_of_an_open_bind(server, live):
    server.command("price-list", "create", "Silver", "--currency", "UGX")
    server.command("price-list", "set", "Silver", "--country", "UG", "--price", "30")
    with server.bound(server.key(live, "--senders", "any")) as client:
        for options in (("--price-list", "Silver"), ("--price-list", "none")) * 3:
            set_for(server, live, *options)
            assert client.submit(PHONE).status == 0
            (paid,) = server.query("SELECT cost_micros FROM messages WHERE account_id = ? ORDER BY id DESC", live["account_id"])[0]
            assert paid == (30_000_000 if options[1] == "Silver" else 35_000_000)
        set_for(server, live, "--countries", "KE")
        assert client.submit(PHONE).status == 0x0B


def test_pipelined_messages_pass_a_border_of_a_price_list_where_it_is(server, live):
    """Several are composed, then share one commit: each pays what holds where it is paid for."""
    server.command("price-list", "create", "Steps", "--currency", "UGX")
    for options in (("--price", "30"), ("--from", "10", "--price", "20"), ("--from", "25", "--price", "10")):
        server.command("price-list", "set", "Steps", "--country", "UG", *options)
    set_for(server, live, "--price-list", "Steps")
    with server.bound(server.key(live, "--senders", "any")) as client:
        sequences = [client.send(SUBMIT, submit_body(PHONE)) for _ in range(40)]
        assert {client.answer_of(sequence).status for sequence in sequences} == {0}
    sql = "SELECT cost_micros / 1000000, count(*) FROM messages WHERE account_id = ? GROUP BY 1 ORDER BY 1 DESC"
    assert server.query(sql, live["account_id"]) == [(30, 10), (20, 15), (10, 15)]
    assert float(server.balance(live)) == 100_000 - 30 * 10 - 20 * 15 - 10 * 15
    assert server.command("audit")["ok"]


def test_a_refusal_among_them_moves_nobody_to_another_price(server, live):
    """What shares a commit with a refused message is carried out twice; here each message has a price of its own."""
    server.command("price-list", "create", "Falling", "--currency", "UGX")
    for reached in range(12):
        options = ("--from", str(reached)) if reached else ()
        server.command("price-list", "set", "Falling", "--country", "UG", "--price", str(60 - reached), *options)
    set_for(server, live, "--price-list", "Falling", "--recipient-limit", "1/10m")
    phones = [PHONE if number % 4 == 3 else f"2567723{number:05d}" for number in range(15)]
    with server.bound(server.key(live, "--senders", "any")) as client:
        sequences = [client.send(SUBMIT, submit_body(to)) for to in phones]
        found = [client.answer_of(sequence).status for sequence in sequences]
    assert sorted(found[3::4]) == [0, 0x403, 0x403] and found.count(0) == 13
    paid = server.query("SELECT cost_micros / 1000000 FROM messages WHERE account_id = ? ORDER BY id", live["account_id"])
    assert paid == [(max(60 - number, 49),) for number in range(13)]
    assert server.command("audit")["ok"]
