"""Segments, against an independent table of GSM 03.38 and at every border where a bill changes."""

from __future__ import annotations

import gsmcodecs  # noqa: F401 - registers the codec below
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core import segments
from wesend.core.segments import GSM7, UCS2

CODEC = "gsm23.038-0-0"
EURO, SMILE = "€", "😀"  # two septets; two UTF-16 units


def septets(char: str) -> bytes | None:
    """The character in GSM 7 bit with its extension table; None when it is not in it."""
    try:
        return char.encode(CODEC)
    except UnicodeEncodeError:
        return None


def test_every_bmp_character_has_the_encoding_and_width_of_the_standards_table():
    wrong = []
    for point in range(0x10000):
        char = chr(point)
        if 0xD800 <= point < 0xE000:
            continue
        expected = septets(char)
        counted = segments.count(char)
        if expected is None:
            right = counted == (UCS2, 1, 1)
        else:
            right = counted == (GSM7, 1, len(expected)) and segments.encode_gsm7(char) == expected
        if not right:
            wrong.append((hex(point), expected, counted))
    assert wrong == []


def test_a_raw_escape_is_no_character_that_can_be_sent():
    assert segments.count("\x1b").encoding == UCS2


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", (GSM7, 1, 0)),
        ("a" * 160, (GSM7, 1, 160)),
        ("a" * 161, (GSM7, 2, 161)),
        ("a" * 158 + EURO, (GSM7, 1, 160)),
        ("a" * 159 + EURO, (GSM7, 2, 161)),
        (EURO * 80, (GSM7, 1, 160)),
        (EURO * 81, (GSM7, 2, 162)),
        ("ж" * 70, (UCS2, 1, 70)),
        ("ж" * 71, (UCS2, 2, 71)),
        ("a" * 69 + "ж", (UCS2, 1, 70)),
        (SMILE * 35, (UCS2, 1, 70)),
        (SMILE * 36, (UCS2, 2, 72)),
        ("ж" * 69 + SMILE, (UCS2, 2, 71)),
    ],
)
def test_a_single_segment_holds_160_septets_or_70_units(text, expected):
    assert segments.count(text) == expected


@pytest.mark.parametrize("parts", range(2, 11))
def test_parts_of_a_long_text_hold_153_septets_each(parts):
    assert segments.count("a" * 153 * parts).count == parts
    assert segments.count("a" * (153 * parts + 1)).count == parts + 1


@pytest.mark.parametrize("parts", range(2, 11))
def test_parts_of_a_long_unicode_text_hold_67_units_each(parts):
    assert segments.count("ж" * 67 * parts).count == parts
    assert segments.count("ж" * (67 * parts + 1)).count == parts + 1


def test_an_escape_pair_that_does_not_fit_moves_whole_to_the_next_part():
    text = "a" * 152 + EURO + "b" * 151
    assert segments.count(text) == (GSM7, 2, 305)
    assert segments.split(text) == ["a" * 152, EURO + "b" * 151]
    assert segments.count(text + "b").count == 3, "305 septets fit into 2 × 153 only if the pair were split"


def test_a_surrogate_pair_that_does_not_fit_moves_whole_to_the_next_part():
    text = "ж" * 66 + SMILE + "ж" * 65
    assert segments.count(text) == (UCS2, 2, 133)
    assert segments.split(text) == ["ж" * 66, SMILE + "ж" * 65]
    assert segments.count(text + "ж").count == 3


def test_ten_segments_are_1530_septets_or_670_units_less_what_whole_pairs_waste():
    assert segments.MAX_SEGMENTS == 10
    assert segments.count("a" * 1530).count == 10
    assert segments.count("ж" * 670).count == 10
    assert segments.count(EURO * 760).count == 10, "76 pairs a part"
    assert segments.count(EURO * 761).count == 11
    assert segments.count(SMILE * 330).count == 10, "33 pairs a part"
    assert segments.count(SMILE * 331).count == 11


def test_the_characters_that_force_unicode_are_named_once_in_order():
    assert segments.unicode_characters("“Hello”, “ж€” 😀") == ["“", "”", "ж", "😀"]
    assert segments.unicode_characters("Plain [text] for 5 €") == []


texts = st.text(st.sampled_from("aé @\n^{}[]~|€\\жж中😀🎉"), max_size=700)


@given(texts)
def test_splitting_keeps_the_text_and_every_part_within_its_room(text):
    encoding, count, units = segments.count(text)
    parts = segments.split(text)
    assert "".join(parts) == text
    assert len(parts) == count
    room = segments.SINGLE[encoding] if count == 1 else segments.PART[encoding]
    sizes = [len(part.encode(CODEC)) if encoding == GSM7 else len(part.encode("utf-16-be")) // 2 for part in parts]
    assert all(size <= room for size in sizes)
    assert sum(sizes) == units


@given(texts)
def test_no_part_could_have_taken_the_first_character_of_the_next(text):
    encoding, count, _ = segments.count(text)
    parts = segments.split(text)
    for part, following in zip(parts, parts[1:], strict=False):
        longer = part + following[0]
        size = len(longer.encode(CODEC)) if encoding == GSM7 else len(longer.encode("utf-16-be")) // 2
        assert size > segments.PART[encoding]
