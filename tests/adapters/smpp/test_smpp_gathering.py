"""Receipts that follow each other closely are handed over together; nobody is kept waiting in vain."""

from __future__ import annotations

from wesend.adapters.sms.smpp.gathering import IN_VAIN, WITHOUT, Gathering


def take(gathering: Gathering, here: int, coming: int = 0) -> bool:
    """A group of those that are here, and of those that come while it waits; whether it does."""
    waits = gathering.is_worth_it(here)
    if waits:
        gathering.waited(coming)
    gathering.done(here + (coming if waits else 0))
    return waits


def test_a_window_of_one_is_never_waited_for():
    gathering = Gathering()
    assert not any(take(gathering, 1) for _ in range(500))


def test_who_comes_close_behind_others_is_waited_for():
    gathering = Gathering()
    assert not take(gathering, 1)
    assert take(gathering, 2, 3)
    assert take(gathering, 1, 2), "the group before was several"
    assert take(gathering, 1, 0)
    assert not take(gathering, 1), "they come one by one again"


def test_a_full_window_is_not_waited_for_again_and_again():
    """Two on their way, and the SMSC sends no third before it has an answer."""
    gathering = Gathering()
    waited = [take(gathering, 2) for _ in range(5 * (IN_VAIN + WITHOUT))]
    assert waited == ([True] * IN_VAIN + [False] * WITHOUT) * 5


def test_a_single_gap_does_not_end_it():
    gathering = Gathering()
    for _ in range(100):
        assert take(gathering, 2, 4) and take(gathering, 2, 0) and take(gathering, 2, 0)
