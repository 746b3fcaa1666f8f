"""The link: connections that break, sessions that are kept alive, processes that fork."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.support import certificates
from tests.support.smsc import eventually
from tests.support.smsc_node import NodeSmsc
from wesend.adapters.sms.base import ACCEPTED, TEMPORARY, UNKNOWN

from .conftest import bound, message


def in_background(call):
    """Start ``call``; a function that waits for its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()

    def result():
        thread.join(20)
        return results[0]

    return result


def test_a_connection_cut_after_the_submit_leaves_the_message_unknown_and_it_is_not_sent_again(node, gateway_to):
    node.is_silent = True
    gateway = bound(gateway_to(node), node)
    outcomes = in_background(lambda: gateway.submit([message("Hello")]))
    eventually(lambda: node.arrived, "nothing arrived")

    node.drop()

    assert [(outcome.kind, outcome.code) for outcome in outcomes()] == [(UNKNOWN, "no_answer")]
    node.is_silent = False
    eventually(lambda: node.sessions() and len(node.binds) == 2, "no second session")
    assert gateway.submit([message("World")])[0].kind == ACCEPTED
    assert [arrived.text for arrived in node.arrived] == ["Hello", "World"]


def test_only_what_was_written_is_unknown_when_the_connection_is_cut(node, gateway_to):
    node.is_silent = True
    gateway = bound(gateway_to(node, window=2), node)
    outcomes = in_background(lambda: gateway.submit([message("Hello", number=number) for number in range(5)]))
    eventually(lambda: len(node.arrived) == 2, "the window was not filled")

    node.drop()

    assert [outcome.kind for outcome in outcomes()] == [UNKNOWN] * 2 + [TEMPORARY] * 3


def test_a_message_of_which_one_part_was_answered_keeps_that_id_when_the_connection_is_cut(node, gateway_to):
    gateway = bound(gateway_to(node, window=1), node)
    node.ids.append("first")
    decide = node.decide

    def then_silent():
        decided = decide()
        if len(node.arrived) >= 1:
            node.is_silent = True
        return decided

    node.decide = then_silent
    outcomes = in_background(lambda: gateway.submit([message("x" * 200)]))
    eventually(lambda: len(node.arrived) == 2, "the second part did not come")

    node.drop()

    assert [(outcome.kind, outcome.gateway_ref) for outcome in outcomes()] == [(UNKNOWN, "first,?")]


def test_over_a_link_that_breaks_all_the_time_nothing_is_sent_twice_and_every_outcome_is_true(node, gateway_to):
    gateway = bound(gateway_to(node, window=5), node)
    outcomes, numbers = {}, iter(range(1_000_000))

    def submit_many():
        while len(node.binds) < 5:
            texts = [f"message {next(numbers)} " for _ in range(6)]
            answered = gateway.submit([message(text * 20) for text in texts])
            outcomes.update(zip(texts, answered, strict=True))

    threads = [threading.Thread(target=submit_many) for _ in range(3)]
    for thread in threads:
        thread.start()
    for cut in range(1, 5):
        eventually(lambda cut=cut: node.sessions() and len(node.arrived) > 40 * cut, "nothing more arrives")
        node.drop()
    for thread in threads:
        thread.join()

    for text, outcome in outcomes.items():
        parts = [arrived for arrived in node.arrived if text in arrived.text]
        assert len(parts) <= 3
        if outcome.kind == ACCEPTED:
            assert set(outcome.gateway_ref.split(",")) == {arrived.message_id for arrived in parts}
        elif outcome.kind == TEMPORARY:
            assert parts == []
    assert ACCEPTED in {outcome.kind for outcome in outcomes.values()}


def test_a_session_that_the_smsc_ends_is_bound_again(smsc, gateway_to):
    gateway = gateway_to(smsc)
    gateway.submit([message("Hello")])

    smsc.drop()

    eventually(lambda: len(smsc.binds) == 2, "no second session")
    eventually(lambda: gateway.submit([message("World")])[0].kind == ACCEPTED, "it was not used")


def test_an_smsc_that_was_away_is_found_again(smsc, gateway_to):
    gateway = gateway_to(smsc)
    gateway.submit([message("before")])
    smsc.stop()
    eventually(lambda: gateway.submit([message("meanwhile")])[0].code == "not_connected", "it still seems connected")

    smsc.start()

    eventually(lambda: gateway.submit([message("after")])[0].kind == ACCEPTED, "it was not found again")
    assert smsc.accepted()[-1].text == "after"
    assert "meanwhile" not in [arrived.text for arrived in smsc.accepted()]


def test_a_wrong_password_is_told_and_nothing_is_sent(smsc_with, gateway_to):
    smsc = smsc_with(NodeSmsc, password="another")

    (outcome,) = gateway_to(smsc).submit([message("Hello")])

    assert (outcome.kind, outcome.code) == (TEMPORARY, "not_connected")
    assert "ESME_RINVPASWD" in outcome.text
    assert smsc.arrived == []


def test_a_quiet_session_is_kept_alive(node, gateway_to):
    gateway = bound(gateway_to(node, enquire_link="0.05"), node)

    eventually(lambda: node.enquired >= 3, "it was not asked whether it is there")

    assert node.ask_whether_alive() == 0
    assert gateway.submit([message("Hello")])[0].kind == ACCEPTED
    assert len(node.binds) == 1


def test_a_session_that_no_longer_answers_is_given_up(smsc_with, gateway_to):
    smsc = smsc_with(NodeSmsc, deaf=True)

    bound(gateway_to(smsc, enquire_link="0.05", timeout=0.3), smsc)

    eventually(lambda: len(smsc.binds) >= 2, "the dead session was kept")


def test_closing_unbinds_and_a_later_submit_binds_again(smsc, gateway_to):
    gateway = bound(gateway_to(smsc), smsc)

    gateway.close()

    eventually(lambda: not smsc.sessions(), "the session stayed")
    assert gateway.submit([message("Hello")])[0].kind == ACCEPTED
    assert len(smsc.binds) == 2


def test_nothing_runs_before_the_first_submit(smsc, gateway_to):
    before = threading.active_count()

    gateway_to(smsc)

    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 warns of a fork beside threads
@pytest.mark.parametrize("closes_first", [False, True])
def test_a_forked_process_has_a_session_of_its_own_and_does_not_end_its_parents(node, gateway_to, closes_first):
    gateway = bound(gateway_to(node), node)
    gateway.submit([message("parent")])
    child = os.fork()
    if child == 0:
        try:
            if closes_first:
                gateway.close()
            os._exit(0 if gateway.submit([message("child")])[0].kind == ACCEPTED else 1)
        except BaseException:
            os._exit(2)

    _, status = os.waitpid(child, 0)
    (outcome,) = gateway.submit([message("parent again")])

    assert os.waitstatus_to_exitcode(status) == 0
    assert outcome.kind == ACCEPTED
    assert len(node.binds) == 2
    of_parent, of_child, of_parent_again = node.arrived
    assert of_parent.session == of_parent_again.session != of_child.session


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """A key and a self-signed certificate of 127.0.0.1, as files."""
    made = certificates.make(tmp_path)
    return {"key": str(made.key), "cert": str(made.cert)}


def test_messages_and_receipts_go_over_tls(smsc_with, gateway_to, certificate):
    smsc = smsc_with(NodeSmsc, **certificate)
    gateway, brought = gateway_to(smsc, tls=1, ca_file=certificate["cert"], window=20), []
    gateway.on_receipt = brought.extend

    outcomes = gateway.submit([message(f"{number} " + "x" * 300, number=number) for number in range(40)])

    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
    assert len(smsc.texts()["256772000001"]) == 40
    assert smsc.deliver("256772000001", b"id:5 stat:DELIVRD") == 0
    assert len(brought) == 1


def test_a_certificate_that_nobody_vouches_for_ends_the_connection(smsc_with, gateway_to, certificate):
    smsc = smsc_with(NodeSmsc, **certificate)

    (outcome,) = gateway_to(smsc, tls=1).submit([message("Hello")])

    assert (outcome.kind, outcome.code) == (TEMPORARY, "not_connected")
    assert "certificate" in outcome.text
    assert smsc.binds == []
