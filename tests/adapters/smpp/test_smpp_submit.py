"""What arrives at the SMSC, and what the gateway says of it."""

from __future__ import annotations

import threading

import pytest

from tests.support.smsc import eventually
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Submission
from wesend.adapters.sms.smpp import pace
from wesend.adapters.sms.smpp.ids import whole
from wesend.core.segments import count

from .conftest import bound, message

THROTTLED, QUEUE_FULL, NO_SUCH_NUMBER = 0x58, 0x14, 0x0B

TEXTS = {
    "short": "Hello",
    "exactly 160 septets": "a" * 160,
    "every GSM-7 character": "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLM"
    "NOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€",
    "an escape pair at the border of a part": "x" * 152 + "€" + "y" * 152 + "{" + "z" * 20,
    "nothing but escape pairs": "[]" * 153,
    "ten parts of GSM-7": "0123456789" * 153,
    "exactly 70 units of UCS-2": "ш" * 70,
    "a surrogate pair at the border of a part": "ш" * 66 + "😀" + "щ" * 66 + "🎉" + "end",
    "nothing but surrogate pairs": "😀" * 100,
    "ten parts of UCS-2": "Привет🎉 " * 74,
    "the sign that smpplib gets wrong": "back`tick",
    "empty": "",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_arrives_as_it_was_written_in_as_many_parts_as_are_billed(smsc, gateway_to, text):
    gateway = gateway_to(smsc)

    (outcome,) = gateway.submit([message(text)])

    assert outcome.kind == ACCEPTED
    assert smsc.texts() == {"256772000001": [text]}
    assert len(smsc.arrived) == count(text).count
    assert outcome.gateway_ref.split(",") == [
        arrived.message_id for arrived in sorted(smsc.arrived, key=lambda arrived: arrived.udh)
    ]


def test_a_final_receipt_is_asked_for_each_part(smsc, gateway_to):
    gateway_to(smsc).submit([message("x" * 200)])

    assert [arrived.registered for arrived in smsc.arrived] == [1, 1]


def test_a_long_text_goes_as_one_payload_where_the_option_says_so(smsc, gateway_to):
    long = "Grüße {x} " * 150

    outcome, short = gateway_to(smsc, payload=1).submit([message(long), message("short", to="+256772000002")])

    assert (outcome.kind, short.kind) == (ACCEPTED, ACCEPTED)
    assert smsc.texts() == {"256772000001": [long], "256772000002": ["short"]}
    assert [arrived.udh for arrived in smsc.arrived] == [b"", b""]


@pytest.mark.parametrize(
    ("sender", "address", "ton"),
    [
        ("WESEND", "WESEND", 5),
        ("My Shop", "My Shop", 5),
        ("+256312000000", "256312000000", 1),
        ("256312000000", "256312000000", 1),
        ("8888", "8888", 3),
        (None, "", 0),
    ],
)
def test_the_type_of_the_sender_follows_from_how_it_looks(smsc, gateway_to, sender, address, ton):
    gateway_to(smsc).submit([message("Hello", sender=sender)])

    (arrived,) = smsc.arrived
    assert (arrived.source, arrived.source_ton) == (address, ton)
    assert (arrived.destination, arrived.destination_ton) == ("256772000001", 1)


def test_many_messages_of_many_threads_all_arrive_once_through_a_small_window(smsc, gateway_to):
    gateway = gateway_to(smsc, window=7)
    outcomes = {}

    def submit(thread: int) -> None:
        batch = [
            message(f"{thread}/{number} " + "x" * 160 * (number % 3), to=f"+2567720{thread:02}{number:03}") for number in range(25)
        ]
        outcomes[thread] = (batch, gateway.submit(batch))

    threads = [threading.Thread(target=submit, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [pair for batch, answered in outcomes.values() for pair in zip(batch, answered, strict=True)]
    assert {outcome.kind for _, outcome in everything} == {ACCEPTED}
    assert smsc.texts() == {sent.to[1:]: [sent.text] for sent, _ in everything}
    given = [part for _, outcome in everything for part in outcome.gateway_ref.split(",")]
    assert sorted(given) == sorted(arrived.message_id for arrived in smsc.arrived)
    assert len(smsc.binds) == 1


def test_the_window_is_never_exceeded(node, gateway_to):
    node.is_silent = True
    gateway = bound(gateway_to(node, window=3, timeout=1.0), node)

    outcomes = gateway.submit([message("Hello", number=number) for number in range(8)])

    assert [outcome.kind for outcome in outcomes] == [UNKNOWN] * 3 + [TEMPORARY] * 5
    assert len(node.arrived) == 3


@pytest.mark.parametrize("status", [THROTTLED, QUEUE_FULL])
def test_a_throttled_message_is_a_temporary_refusal(smsc, gateway_to, status):
    smsc.statuses.append(status)

    (outcome,) = gateway_to(smsc).submit([message("Hello")])

    assert outcome.kind == TEMPORARY
    assert outcome.code in ("ESME_RTHROTTLED", "ESME_RMSGQFUL")
    assert len(smsc.arrived) == 1


def test_after_throttling_nothing_is_sent_for_a_moment(smsc, gateway_to, monkeypatch):
    monkeypatch.setattr(pace, "THROTTLED_PAUSE", 3600.0)
    smsc.statuses.append(THROTTLED)
    gateway = bound(gateway_to(smsc, timeout=1.0), smsc)
    gateway.submit([message("Hello")])

    (outcome,) = gateway.submit([message("Again")])

    assert (outcome.kind, outcome.code) == (TEMPORARY, "busy")
    assert [arrived.text for arrived in smsc.arrived] == ["Hello"]


def test_any_other_status_refuses_the_message_with_its_name(smsc, gateway_to):
    smsc.statuses.append(NO_SUCH_NUMBER)

    refused, accepted = gateway_to(smsc, window=1).submit([message("Hello"), message("World", to="+256772000002")])

    assert (refused.kind, refused.code) == (REFUSED, "ESME_RINVDSTADR")
    assert accepted.kind == ACCEPTED


def test_a_throttled_part_of_a_message_that_went_out_otherwise_is_sent_again(smsc, gateway_to, monkeypatch):
    monkeypatch.setattr(pace, "THROTTLED_PAUSE", 0.01)
    smsc.statuses.extend([0, THROTTLED, 0, THROTTLED, QUEUE_FULL])
    text = "a" * 153 + "b" * 153 + "c" * 10

    (outcome,) = gateway_to(smsc, window=1).submit([message(text)])

    assert outcome.kind == ACCEPTED
    assert smsc.texts() == {"256772000001": [text]}
    assert len(smsc.arrived) == 6


def test_a_message_of_which_a_part_is_refused_counts_as_accepted_and_will_fail(smsc, gateway_to):
    smsc.statuses.extend([0, NO_SUCH_NUMBER, 0])

    (outcome,) = gateway_to(smsc, window=1).submit([message("x" * 400)])

    first, refused, last = outcome.gateway_ref.split(",")
    assert outcome.kind == ACCEPTED
    assert (first, refused, last) == (smsc.arrived[0].message_id, "!", smsc.arrived[2].message_id)
    assert outcome.meta["parts_refused"] == {"2": "ESME_RINVDSTADR"}
    assert whole(outcome.gateway_ref, {}).status == "failed"


def test_a_message_without_an_answer_is_unknown_and_sent_once(smsc, gateway_to):
    smsc.is_silent = True

    (outcome,) = bound(gateway_to(smsc, timeout=0.5), smsc).submit([message("Hello")])

    assert (outcome.kind, outcome.code) == (UNKNOWN, "no_answer")
    assert len(eventually(lambda: smsc.arrived, "nothing arrived")) == 1


def test_a_place_in_the_window_is_free_again_when_its_answer_never_came(smsc, gateway_to):
    gateway = bound(gateway_to(smsc, window=1, timeout=0.6), smsc)
    smsc.is_silent = True
    gateway.submit([message("lost")])
    eventually(lambda: smsc.arrived, "nothing arrived")
    smsc.is_silent = False

    eventually(lambda: gateway.submit([message("found")])[0].kind == ACCEPTED, "the place stayed taken")


def test_nothing_is_sent_when_nobody_listens(smsc, gateway_to):
    smsc.stop()

    (outcome,) = gateway_to(smsc).submit([message("Hello")])

    assert (outcome.kind, outcome.code) == (TEMPORARY, "not_connected")
    smsc.start()
    assert smsc.arrived == []


def test_the_pace_lets_no_more_parts_through_than_it_allows(smsc, gateway_to):
    gateway = bound(gateway_to(smsc, tps=4, timeout=2.0), smsc)

    outcomes = gateway.submit([message("Hello", number=number) for number in range(50)])

    # Half of 2 s is for beginning: the first at once, then one each quarter of a second.
    assert 1 <= len(smsc.accepted()) <= 5
    assert {outcome.kind for outcome in outcomes} == {ACCEPTED, TEMPORARY}


def test_a_long_message_that_has_begun_is_finished_before_others_begin(smsc, gateway_to):
    gateway, outcomes = bound(gateway_to(smsc, tps=10, timeout=1.0), smsc), []
    threads = [
        threading.Thread(
            target=lambda number=number: outcomes.extend(gateway.submit([message("x" * 153 * 10, to=f"+25677200000{number}")]))
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # 10 parts take a second at this pace; taking turns, all four would have begun and none would be whole in time.
    accepted = [outcome for outcome in outcomes if outcome.kind == ACCEPTED]
    assert accepted and all(outcome.meta is None for outcome in accepted)
    assert len(smsc.texts()) == len(accepted)
    assert len(smsc.arrived) == 10 * len(accepted)


def test_an_id_is_stored_in_one_spelling_and_told_in_the_smscs_own(smsc, gateway_to):
    smsc.ids.append("000A3F")

    (outcome,) = gateway_to(smsc).submit([message("Hello")])

    assert outcome.gateway_ref == "a3f"
    assert outcome.meta == {"smsc_ids": ["000A3F"]}


def test_no_submission_at_all_is_no_outcome(smsc, gateway_to):
    nothing: list[Submission] = []

    assert gateway_to(smsc).submit(nothing) == []
