from ...support import certificates
"""The link: connections that break, sessions that are kept alive, processes that fork."""
from ...support import certificates

from ...support import certificates
from __future__ import annotations
from ...support import certificates

from ...support import certificates
import os
from ...support import certificates
import threading
from ...support import certificates
from pathlib import Path
from ...support import certificates

from ...support import certificates
import pytest
from ...support import certificates

from ...support import certificates
from tests.support.smsc import eventually
from ...support import certificates
from tests.support.smsc_node import NodeSmsc
from ...support import certificates
from wesend.adapters.sms.base import ACCEPTED, TEMPORARY, UNKNOWN
from ...support import certificates

from ...support import certificates
from .conftest import bound, message
from ...support import certificates

from ...support import certificates

from ...support import certificates
def in_background(call):
from ...support import certificates
    """Start ``call``; a function that waits for its result."""
from ...support import certificates
    results = []
from ...support import certificates
    thread = threading.Thread(target=lambda: results.append(call()))
from ...support import certificates
    thread.start()
from ...support import certificates

from ...support import certificates
    def result():
from ...support import certificates
        thread.join(20)
from ...support import certificates
        return results[0]
from ...support import certificates

from ...support import certificates
    return result
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_connection_cut_after_the_submit_leaves_the_message_unknown_and_it_is_not_sent_again(node, gateway_to):
from ...support import certificates
    node.is_silent = True
from ...support import certificates
    gateway = bound(gateway_to(node), node)
from ...support import certificates
    outcomes = in_background(lambda: gateway.submit([message("Hello")]))
from ...support import certificates
    eventually(lambda: node.arrived, "nothing arrived")
from ...support import certificates

from ...support import certificates
    node.drop()
from ...support import certificates

from ...support import certificates
    assert [(outcome.kind, outcome.code) for outcome in outcomes()] == [(UNKNOWN, "no_answer")]
from ...support import certificates
    node.is_silent = False
from ...support import certificates
    eventually(lambda: node.sessions() and len(node.binds) == 2, "no second session")
from ...support import certificates
    assert gateway.submit([message("World")])[0].kind == ACCEPTED
from ...support import certificates
    assert [arrived.text for arrived in node.arrived] == ["Hello", "World"]
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_only_what_was_written_is_unknown_when_the_connection_is_cut(node, gateway_to):
from ...support import certificates
    node.is_silent = True
from ...support import certificates
    gateway = bound(gateway_to(node, window=2), node)
from ...support import certificates
    outcomes = in_background(lambda: gateway.submit([message("Hello", number=number) for number in range(5)]))
from ...support import certificates
    eventually(lambda: len(node.arrived) == 2, "the window was not filled")
from ...support import certificates

from ...support import certificates
    node.drop()
from ...support import certificates

from ...support import certificates
    assert [outcome.kind for outcome in outcomes()] == [UNKNOWN] * 2 + [TEMPORARY] * 3
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_message_of_which_one_part_was_answered_keeps_that_id_when_the_connection_is_cut(node, gateway_to):
from ...support import certificates
    gateway = bound(gateway_to(node, window=1), node)
from ...support import certificates
    node.ids.append("first")
from ...support import certificates
    decide = node.decide
from ...support import certificates

from ...support import certificates
    def then_silent():
from ...support import certificates
        decided = decide()
from ...support import certificates
        if len(node.arrived) >= 1:
from ...support import certificates
            node.is_silent = True
from ...support import certificates
        return decided
from ...support import certificates

from ...support import certificates
    node.decide = then_silent
from ...support import certificates
    outcomes = in_background(lambda: gateway.submit([message("x" * 200)]))
from ...support import certificates
    eventually(lambda: len(node.arrived) == 2, "the second part did not come")
from ...support import certificates

from ...support import certificates
    node.drop()
from ...support import certificates

from ...support import certificates
    assert [(outcome.kind, outcome.gateway_ref) for outcome in outcomes()] == [(UNKNOWN, "first,?")]
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_over_a_link_that_breaks_all_the_time_nothing_is_sent_twice_and_every_outcome_is_true(node, gateway_to):
from ...support import certificates
    gateway = bound(gateway_to(node, window=5), node)
from ...support import certificates
    outcomes, numbers = {}, iter(range(1_000_000))
from ...support import certificates

from ...support import certificates
    def submit_many():
from ...support import certificates
        while len(node.binds) < 5:
from ...support import certificates
            texts = [f"message {next(numbers)} " for _ in range(6)]
from ...support import certificates
            answered = gateway.submit([message(text * 20) for text in texts])
from ...support import certificates
            outcomes.update(zip(texts, answered, strict=True))
from ...support import certificates

from ...support import certificates
    threads = [threading.Thread(target=submit_many) for _ in range(3)]
from ...support import certificates
    for thread in threads:
from ...support import certificates
        thread.start()
from ...support import certificates
    for cut in range(1, 5):
from ...support import certificates
        eventually(lambda cut=cut: node.sessions() and len(node.arrived) > 40 * cut, "nothing more arrives")
from ...support import certificates
        node.drop()
from ...support import certificates
    for thread in threads:
from ...support import certificates
        thread.join()
from ...support import certificates

from ...support import certificates
    for text, outcome in outcomes.items():
from ...support import certificates
        parts = [arrived for arrived in node.arrived if text in arrived.text]
from ...support import certificates
        assert len(parts) <= 3
from ...support import certificates
        if outcome.kind == ACCEPTED:
from ...support import certificates
            assert set(outcome.gateway_ref.split(",")) == {arrived.message_id for arrived in parts}
from ...support import certificates
        elif outcome.kind == TEMPORARY:
from ...support import certificates
            assert parts == []
from ...support import certificates
    assert ACCEPTED in {outcome.kind for outcome in outcomes.values()}
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_session_that_the_smsc_ends_is_bound_again(smsc, gateway_to):
from ...support import certificates
    gateway = gateway_to(smsc)
from ...support import certificates
    gateway.submit([message("Hello")])
from ...support import certificates

from ...support import certificates
    smsc.drop()
from ...support import certificates

from ...support import certificates
    eventually(lambda: len(smsc.binds) == 2, "no second session")
from ...support import certificates
    eventually(lambda: gateway.submit([message("World")])[0].kind == ACCEPTED, "it was not used")
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_an_smsc_that_was_away_is_found_again(smsc, gateway_to):
from ...support import certificates
    gateway = gateway_to(smsc)
from ...support import certificates
    gateway.submit([message("before")])
from ...support import certificates
    smsc.stop()
from ...support import certificates
    eventually(lambda: gateway.submit([message("meanwhile")])[0].code == "not_connected", "it still seems connected")
from ...support import certificates

from ...support import certificates
    smsc.start()
from ...support import certificates

from ...support import certificates
    eventually(lambda: gateway.submit([message("after")])[0].kind == ACCEPTED, "it was not found again")
from ...support import certificates
    assert smsc.accepted()[-1].text == "after"
from ...support import certificates
    assert "meanwhile" not in [arrived.text for arrived in smsc.accepted()]
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_wrong_password_is_told_and_nothing_is_sent(smsc_with, gateway_to):
from ...support import certificates
    smsc = smsc_with(NodeSmsc, password="another")
from ...support import certificates

from ...support import certificates
    (outcome,) = gateway_to(smsc).submit([message("Hello")])
from ...support import certificates

from ...support import certificates
    assert (outcome.kind, outcome.code) == (TEMPORARY, "not_connected")
from ...support import certificates
    assert "ESME_RINVPASWD" in outcome.text
from ...support import certificates
    assert smsc.arrived == []
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_quiet_session_is_kept_alive(node, gateway_to):
from ...support import certificates
    gateway = bound(gateway_to(node, enquire_link="0.05"), node)
from ...support import certificates

from ...support import certificates
    eventually(lambda: node.enquired >= 3, "it was not asked whether it is there")
from ...support import certificates

from ...support import certificates
    assert node.ask_whether_alive() == 0
from ...support import certificates
    assert gateway.submit([message("Hello")])[0].kind == ACCEPTED
from ...support import certificates
    assert len(node.binds) == 1
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_session_that_no_longer_answers_is_given_up(smsc_with, gateway_to):
from ...support import certificates
    smsc = smsc_with(NodeSmsc, deaf=True)
from ...support import certificates

from ...support import certificates
    bound(gateway_to(smsc, enquire_link="0.05", timeout=0.3), smsc)
from ...support import certificates

from ...support import certificates
    eventually(lambda: len(smsc.binds) >= 2, "the dead session was kept")
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_closing_unbinds_and_a_later_submit_binds_again(smsc, gateway_to):
from ...support import certificates
    gateway = bound(gateway_to(smsc), smsc)
from ...support import certificates

from ...support import certificates
    gateway.close()
from ...support import certificates

from ...support import certificates
    eventually(lambda: not smsc.sessions(), "the session stayed")
from ...support import certificates
    assert gateway.submit([message("Hello")])[0].kind == ACCEPTED
from ...support import certificates
    assert len(smsc.binds) == 2
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_nothing_runs_before_the_first_submit(smsc, gateway_to):
from ...support import certificates
    before = threading.active_count()
from ...support import certificates

from ...support import certificates
    gateway_to(smsc)
from ...support import certificates

from ...support import certificates
    assert threading.active_count() == before
from ...support import certificates

from ...support import certificates

from ...support import certificates
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 warns of a fork beside threads
from ...support import certificates
@pytest.mark.parametrize("closes_first", [False, True])
from ...support import certificates
def test_a_forked_process_has_a_session_of_its_own_and_does_not_end_its_parents(node, gateway_to, closes_first):
from ...support import certificates
    gateway = bound(gateway_to(node), node)
from ...support import certificates
    gateway.submit([message("parent")])
from ...support import certificates
    child = os.fork()
from ...support import certificates
    if child == 0:
from ...support import certificates
        try:
from ...support import certificates
            if closes_first:
from ...support import certificates
                gateway.close()
from ...support import certificates
            os._exit(0 if gateway.submit([message("child")])[0].kind == ACCEPTED else 1)
from ...support import certificates
        except BaseException:
from ...support import certificates
            os._exit(2)
from ...support import certificates

from ...support import certificates
    _, status = os.waitpid(child, 0)
from ...support import certificates
    (outcome,) = gateway.submit([message("parent again")])
from ...support import certificates

from ...support import certificates
    assert os.waitstatus_to_exitcode(status) == 0
from ...support import certificates
    assert outcome.kind == ACCEPTED
from ...support import certificates
    assert len(node.binds) == 2
from ...support import certificates
    of_parent, of_child, of_parent_again = node.arrived
from ...support import certificates
    assert of_parent.session == of_parent_again.session != of_child.session
from ...support import certificates

from ...support import certificates

from ...support import certificates
@pytest.fixture
from ...support import certificates
def certificate(tmp_path: Path) -> dict[str, str]:
from ...support import certificates
    """A key and a self-signed certificate of 127.0.0.1, as files."""
from ...support import certificates
    made = certificates.make(tmp_path)
from ...support import certificates
    return {"key": str(made.key), "cert": str(made.cert)}
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_messages_and_receipts_go_over_tls(smsc_with, gateway_to, certificate):
from ...support import certificates
    smsc = smsc_with(NodeSmsc, **certificate)
from ...support import certificates
    gateway, brought = gateway_to(smsc, tls=1, ca_file=certificate["cert"], window=20), []
from ...support import certificates
    gateway.on_receipt = brought.extend
from ...support import certificates

from ...support import certificates
    outcomes = gateway.submit([message(f"{number} " + "x" * 300, number=number) for number in range(40)])
from ...support import certificates

from ...support import certificates
    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
from ...support import certificates
    assert len(smsc.texts()["256772000001"]) == 40
from ...support import certificates
    assert smsc.deliver("256772000001", b"id:5 stat:DELIVRD") == 0
from ...support import certificates
    assert len(brought) == 1
from ...support import certificates

from ...support import certificates

from ...support import certificates
def test_a_certificate_that_nobody_vouches_for_ends_the_connection(smsc_with, gateway_to, certificate):
from ...support import certificates
    smsc = smsc_with(NodeSmsc, **certificate)
from ...support import certificates

from ...support import certificates
    (outcome,) = gateway_to(smsc, tls=1).submit([message("Hello")])
from ...support import certificates

from ...support import certificates
    assert (outcome.kind, outcome.code) == (TEMPORARY, "not_connected")
from ...support import certificates
    assert "certificate" in outcome.text
from ...support import certificates
    assert smsc.binds == []
