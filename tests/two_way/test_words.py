"""STOP and START as people write them, and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.two_way.words import (
    COURTESY,
    HELP,
    HELP_WORDS,
    LONGEST,
    START,
    START_WORDS,
    STOP,
    STOP_WORDS,
    after_keyword,
    is_reserved,
    keyword_of,
    meaning,
    read_keyword,
)


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


@pytest.mark.parametrize("text", ["HELP", "help!", "Info", "msaada", "Help please", "?help?", "HELP HELP"])
def test_it_asks_for_help(text):
    assert meaning(text) == HELP


@pytest.mark.parametrize("text", ["Help me find my parcel", "info about prices", "I need help", "helpful"])
def test_it_asks_for_something_else(text):
    assert meaning(text) is None


WORDS = sorted(STOP_WORDS | START_WORDS | HELP_WORDS)
AROUND = st.text("!?.,;:'\"()*- \n", max_size=5)


@given(st.sampled_from(WORDS), AROUND, AROUND, st.booleans())
def test_a_word_alone_means_the_same_in_any_case_and_with_any_marks_around_it(word, before, after, upper):
    text = before + (word.upper() if upper else word.capitalize()) + after
    expected = STOP if word in STOP_WORDS else START if word in START_WORDS else HELP
    assert meaning(text) == expected


@given(st.text(max_size=200))
def test_any_text_has_a_meaning_or_none_and_a_keyword_or_none(text):
    assert meaning(text) in (STOP, START, HELP, None)
    keyword = keyword_of(text)
    assert keyword is None or (keyword and all(char.isalnum() for char in keyword))
    assert after_keyword(text) in text


KEYWORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=20)


@given(KEYWORDS, st.text("!?.,;:'\"()*-_", max_size=5), st.text(max_size=50), st.booleans())
def test_a_keyword_is_found_by_its_letters_and_digits(keyword, marks, rest, lower):
    written = keyword.lower() if lower else keyword
    assert keyword_of(f"  {marks}{written}{marks} {rest}") == keyword
    assert read_keyword(written) == keyword


@pytest.mark.parametrize("text", ["A", "A" * 21, "TWO WORDS", "JOIN!", "", "ÄÖ"])
def test_what_can_be_no_keyword(text):
    assert read_keyword(text) is None


@pytest.mark.parametrize("word", WORDS)
def test_words_that_mean_something_to_everybody_are_no_keywords(word):
    assert is_reserved(word.upper())
