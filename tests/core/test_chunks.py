from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wesend.core.chunks import CHUNK, chunks


@given(st.lists(st.integers(), max_size=50), st.integers(1, 20))
def test_chunks_hold_everything_in_order_and_only_the_last_is_short(items, size):
    found = list(chunks(items, size))
    assert [item for chunk in found for item in chunk] == items
    assert all(len(chunk) == size for chunk in found[:-1])
    assert all(1 <= len(chunk) <= size for chunk in found)


def test_what_comes_one_by_one_is_read_no_further_than_it_is_given():
    read = []
    source = (read.append(number) or number for number in range(10))
    assert next(chunks(source, 3)) == [0, 1, 2]
    assert read == [0, 1, 2]


def test_a_chunk_is_500_unless_said_otherwise():
    assert [len(chunk) for chunk in chunks(range(CHUNK + 1))] == [500, 1]
