"""What a test says of the next message to a number holds for SMPP as for any API."""

from __future__ import annotations

import itertools
import time

import pytest
import requests

from tests.support.smpp_client import SUBMIT, TRANSMITTER, submit_body

from .test_parts import submit_part

NUMBERS = (f"25677{number:07}" for number in itertools.count(2000001))


def rule(server, to: str, outcome: str, **more) -> None:
    given = {"to": "+" + to, "outcome": outcome, "times": 1, **more}
    assert requests.post(f"{server.url}/sandbox/rules", json=given, timeout=10).status_code == 201


@pytest.mark.parametrize("namespace", [None, "run-42"])
@pytest.mark.parametrize(
    ("outcome", "told"),
    [("delivered", "DELIVRD"), ("failed", "UNDELIV"), ("refused", "REJECTD"), ("temporary", "DELIVRD"), ("low_balance", None)],
)
def test_a_rule_decides_about_the_next_message(server, customer, namespace, outcome, told):
    in_namespace = {} if namespace is None else {"namespace": namespace}
    key = server.key(customer, *([] if namespace is None else ["--namespace", namespace]))
    to = next(NUMBERS)
    rule(server, to, outcome, **in_namespace)
    with server.bound(key) as client:
        got = client.submit(to, registered=1)
        if told is None:
            assert got.status == 0x400
        else:
            assert client.receipt_of(got.message_id).field("stat") == told
        after = client.submit(to, registered=1)
        assert client.receipt_of(after.message_id).field("stat") == "DELIVRD", "the rule held once"


def test_a_rule_of_another_namespace_does_not_hold(server, customer):
    to = next(NUMBERS)
    rule(server, to, "low_balance", namespace="other")
    with server.bound(server.key(customer, "--namespace", "run-42")) as client:
        assert client.submit(to).status == 0


def test_a_slow_answer_holds_up_no_other(server, client):
    whole, cut = next(NUMBERS), next(NUMBERS)
    for to in (whole, cut):
        rule(server, to, "slow", delay=1.5)
    started = time.monotonic()
    assert submit_part(client, "narrow", 1, 2, 1, b"a", to=cut).status == 0
    assert submit_part(client, "narrow", 1, 2, 2, b"b", to=cut).status == 0
    assert 1.5 <= time.monotonic() - started < 10
    started = time.monotonic()
    slow = client.send(SUBMIT, submit_body(whole))
    assert client.submit(next(NUMBERS)).status == 0 and time.monotonic() - started < 1.5
    assert client.answer_of(slow).status == 0 and time.monotonic() - started >= 1.5


@pytest.mark.parametrize("namespace", [None, "run-7"])
def test_a_reset_leaves_nothing_that_waits_for_a_bind(server, customer, namespace):
    key = server.key(customer, *([] if namespace is None else ["--namespace", namespace]))
    other = server.key(customer, "--namespace", "run-8")
    to = next(NUMBERS)
    for one in (other, key):
        with server.bound(one, TRANSMITTER) as client:
            message_id = client.submit(to, registered=1).message_id
            submit_part(client, "narrow", 1, 2, 1, b"a", to=to, registered=1)
            server.wait_until(lambda wanted=message_id: client.state_of(wanted) == 2, 5, "it was not delivered")
    requests.post(f"{server.url}/sandbox/messages", json={"from": "+" + to, "text": "Hi"}, timeout=10)
    assert requests.post(f"{server.url}/sandbox/reset", json={"namespace": namespace} if namespace else {}, timeout=10).ok
    with server.bound(key) as client:
        assert submit_part(client, "narrow", 1, 2, 2, b"b", to=to).status == 0, "it waits for its first part"
        got = client.submit(to, registered=1)
        client.receipt_of(got.message_id)
        assert len(client.deliveries) == 1
    if namespace is not None:
        with server.bound(other) as client:
            assert client.wait_for(1), "what another run was not told waits"


def test_what_is_written_in_a_namespace_comes_to_its_own_key(server):
    customer = server.customer()
    plain, one, two = (server.key(customer, *more) for more in ((), ("--namespace", "one"), ("--namespace", "two")))
    phone = next(NUMBERS)

    def write(text: str, **more) -> None:
        given = {"from": "+" + phone, "text": text, **more}
        assert requests.post(f"{server.url}/sandbox/messages", json=given, timeout=10).status_code == 201

    with server.bound(plain) as of_none, server.bound(one) as of_one, server.bound(two) as of_two:
        for client in (of_one, of_none, of_two):
            assert client.submit(phone).status == 0
        for text, more in (("1", {"namespace": "one"}), ("other", {"namespace": "three"}), ("last", {})):
            write(text, **more)
        assert [one.text for one in of_one.wait_for(1)] == ["1"]
        assert [one.text for one in of_none.wait_for(1)] == ["other"], "no key is that namespace's"
        assert [one.text for one in of_two.wait_for(1)] == ["last"], "by whichever key wrote last"
