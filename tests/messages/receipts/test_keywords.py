"""STOP and START as people write them, and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.messages.receipts.keywords import COURTESY, LONGEST, START, START_WORDS, STOP, STOP_WORDS, meaning


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop ",
        "Stop.",
        "STOP!!!",
        "Stop. Thank you",
        "STOP ALL",
        "stop-all",
        "STOPALL",
        '"STOP"',
        "'stop'",
        "“STOP”",
        "«stop»",
        "(STOP)",
        "*STOP*",
        "STOP please",
        "Please stop",
        "pls stop, thanks",
        "Stop!\nSent from my phone",
        "STOP.",
        "stop\u200b.",
        "Unsubscribe",
        "UNSUBSCRIBE.",
        "acha",
        "Sitisha tafadhali",
        "CANCEL",
        "end.",
        "Quit!",
        "Stop; I never asked",
        "STOP SMS",
        "STOP :-)",
        "ＳＴＯＰ",
        "Ｓｔｏｐ．　ありがとう",
        "STOP STOP STOP",
        "stop, stop!",
        "Stop please stop",
        "S T O P",
        "cancel cancel",
    ],
)
def test_it_means_stop(text):
    assert meaning(text) == STOP


@pytest.mark.parametrize("text", ["START", "start.", "Unstop", '"subscribe"', "anza tafadhali", "Please start"])
def test_it_means_start(text):
    assert meaning(text) == START


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "Stop by the shop tomorrow",
        "Where is the bus stop",
        "Don't stop",
        "non-stop",
        "Cancel. My order was wrong",
        "End. Of story",
        "Cancel my order",
        "The end",
        "Start. When do we open?",
        "start at 9",
        "stopped",
        "Thank you",
        "please",
        "I will stop at 5",
        "x" * 5000,
        "STOP" * 500,
        "s t o p p e d",
    ],
)
def test_it_means_neither(text):
    assert meaning(text) is None


EDGES = st.text(alphabet=" .!?\"'()*,-\n\t…“”", max_size=8)


@given(st.sampled_from(sorted(STOP_WORDS)), EDGES, EDGES, st.sampled_from([str.upper, str.lower, str.title]))
def test_marks_around_a_word_change_nothing(word, before, after, case):
    assert meaning(before + case(word) + after) == STOP


@given(st.sampled_from(sorted(STOP_WORDS)), st.lists(st.sampled_from(sorted(COURTESY)), max_size=3))
def test_nor_does_courtesy(word, courtesy):
    assert meaning(" ".join([*courtesy, word])) == STOP == meaning(" ".join([word, *courtesy]))


@given(st.text(max_size=2 * LONGEST))
def test_no_text_is_an_error(text):
    assert meaning(text) in (STOP, START, None)


def test_the_two_have_no_word_in_common():
    assert STOP_WORDS & START_WORDS == frozenset()
