"""Every reading call of the APIs, as the landed version answered it: the upgraded one answers all of it, and may add."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .outside import Upgraded, landed
from .population.places import HOOKS

OF_BOTH_SIDES = re.compile(r"/api/messages(\?.*|/stats|/volume|/export)$")
"""What showed a live key the sandbox's messages beside its own, where an account has both: it shows its own alone now."""
ONE_SIDED = ("esms solo", "wesendall solo", "closed")


def is_explained(key: str, path: str) -> bool:
    if OF_BOTH_SIDES.match(path):
        return key not in ONE_SIDED
    if path == "/api/pricing" and (key.endswith(" test") or key.startswith("published")):
        return True  # the sandbox's published prices, whatever the routes cost
    return key.endswith(" test") and path == "/api/webhooks"  # the live pair, with its secret


@pytest.fixture
def upgraded(upgraded_with) -> Upgraded:
    """With a mail server to come, so that mail waits for it as it did."""
    return upgraded_with(WESEND_SMTP_URL="smtp://127.0.0.1:9")


def read(upgraded: Upgraded, key: str, path: str) -> dict:
    reply = upgraded.call(key, "GET", path)
    return {"status": reply.status_code, "body": reply.json if reply.is_json else reply.text}


def as_before(upgraded: Upgraded, call: dict) -> dict:
    """What was answered, with the ports of this test, no password in an address, and of gateways what customers are told."""
    text = json.dumps({"status": call["status"], "body": call["body"]})
    return json.loads(text.replace(f":{HOOKS}", f":{upgraded.hooks.port}").replace("bob:secret@", ""), object_hook=_disclosed)


def _disclosed(found: dict) -> dict:
    """Neither a gateway's name nor its receipt's text stands in a timeline any more."""
    told = {name: value for name, value in found.get("metadata", {}).items() if name not in ("gateway", "text")}
    return {name: value for name, value in {**found, "metadata": told}.items() if (name, value) != ("metadata", {})}


def holds(now: Any, before: Any) -> bool:
    """Everything of before is there, and nothing in a list beside it."""
    if isinstance(before, dict):
        return isinstance(now, dict) and all(name in now and holds(now[name], value) for name, value in before.items())
    if isinstance(before, list):
        return isinstance(now, list) and len(now) == len(before) and all(map(holds, now, before))
    return bool(now == before)


def test_what_could_be_read_reads_the_same(upgraded):
    calls = [call for call in landed()["read"] if not is_explained(call["key"], call["path"])]
    assert len(calls) > 450
    different = [
        (call["key"], call["path"])
        for call in calls
        if not holds(read(upgraded, call["key"], call["path"]), as_before(upgraded, call))
    ]
    assert different == []


@pytest.mark.parametrize(("key", "side"), [("esms", 0), ("esms query", 0), ("esms bank", 0), ("esms test", 1)])
def test_a_list_of_both_sides_has_all_of_its_own_and_nothing_else(upgraded, key, side):
    path = "/api/messages?limit=100"
    before = next(call["body"]["messages"] for call in landed()["read"] if (call["key"], call["path"]) == (key, path))
    own = {
        f"msg-{row[0]}"
        for row in upgraded.rows("SELECT m.uid FROM messages m JOIN wallets w ON w.id = m.wallet_id WHERE w.is_sandbox = ?", side)
    }
    expected = [message for message in before if message["id"] in own]
    now = read(upgraded, key, path)["body"]["messages"]
    assert len(expected) > 1 and now[: len(expected)] == expected
    assert {message["id"] for message in now} <= own
