"""Rules that stood in several places and have one home each."""

from __future__ import annotations

import re

import pytest

from .support.source import modules, path_of


@pytest.mark.parametrize("module", [name for name in modules() if name not in ("core.chunks", "database.keyset")])
def test_lists_are_cut_and_paged_in_one_place_each(module):
    """``core.chunks`` cuts long lists, ``database.keyset`` knows the largest row id: nobody spells them out again."""
    text = path_of(module).read_text()
    assert "range(0, len(" not in text, "core.chunks.chunks"
    assert [number for number in ("9223372036854775807", "2**62") if number in text] == [], "database.keyset.below"


@pytest.mark.parametrize("module", [name for name in modules() if name != "core.email_address"])
def test_what_an_email_address_looks_like_is_said_in_one_place(module):
    text = path_of(module).read_text()
    assert re.findall(r"\][+*}0-9,{]*@\[", text) == [], "core.email_address"


def test_the_address_of_callbacks_is_put_together_in_one_place():
    assert [name for name in modules() if re.search(r"\}/callbacks/", path_of(name).read_text())] == ["gateways.registry"]


@pytest.mark.parametrize("module", [name for name in modules() if name != "core.templating"])
def test_whether_a_text_is_filled_in_is_decided_in_one_place(module):
    assert re.findall(r"render if .*has_variables", path_of(module).read_text()) == [], "core.templating.renderer"


CALLERS = {"gateways.calls", "messages.dispatch.worker"}
"""The worker takes several calls at once, and waits for the pace with the first of them."""


@pytest.mark.parametrize("module", [name for name in modules() if name not in CALLERS])
def test_a_gateways_limits_are_kept_in_one_place(module):
    assert re.findall(r"\bpace\.wait_for_turn\(|\bcall_slots\.slot\(", path_of(module).read_text()) == [], "gateways.calls.room"
