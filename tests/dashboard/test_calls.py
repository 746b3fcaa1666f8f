"""The page "API calls": what is listed and filtered, bodies for an hour and masked, the call as cURL."""

from __future__ import annotations

import re

import pytest

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user, text_of

SECRETS = ("Your code is 482910", "482910", "+256712345678", "712345678")


@pytest.fixture
def shop(app):
    return mint(app)


@pytest.fixture
def api(app, shop):
    return wesendall_of(app, shop)


@pytest.fixture
def owner(app, shop):
    return Visitor(app, make_user(app, "owner", shop.account_id))


def listed(app, visitor: Visitor, query: str = "") -> list[str]:
    """Where each call of the list is shown."""
    with app.app_context():
        app.extensions["wesend.call_log"].flush()
    return re.findall(r'href="(/calls/\d+)"', visitor.get(f"/calls{query}").text)


def test_calls_are_filtered_by_status_and_key(app, owner, api, shop):
    api.send("+256712345678", "Hello")
    api.send("nobody", "Hello")
    assert len(listed(app, owner)) == 2
    for query, count in (("?status=2xx", 1), ("?status=4xx", 1), ("?status=400", 1), ("?status=5xx", 0), ("?status=404", 0)):
        assert len(listed(app, owner, query)) == count, query
    assert len(listed(app, owner, f"?key={shop.key_id}")) == 2 and listed(app, owner, f"?key={shop.key_id + 1}") == []
    prefix = f"· {shop.credentials.public[:12]}"
    assert text_of(owner.get("/calls")).count(prefix) == 3  # of each call, and in the choice: names are often alike
    page = text_of(owner.get(listed(app, owner)[0]))
    for word in (prefix, "POST /api/v1/sms/send", "400", "invalid_recipient", "127.0.0.1"):
        assert word in page, word


def test_members_see_calls_and_switch_nothing_on_and_strangers_see_none(app, owner, api, shop):
    api.send("+256712345678", "Hello")
    [path] = listed(app, owner)
    member = Visitor(app, make_user(app, "member", shop.account_id, "ben@example.com"))
    assert listed(app, member) == [path] and "Keep bodies" not in text_of(member.get("/calls"))
    assert member.post("/calls/bodies", on="1").status_code == 403
    other = Visitor(app, make_user(app, "owner", mint(app).account_id, "other@example.com"))
    assert listed(app, other) == [] and other.get(path).status_code == 404


def test_bodies_are_kept_for_an_hour_and_masked(app, owner, api, shop, clock):
    def last_call() -> str:
        api.send("+256712345678", "Your code is 482910")
        return owner.get(listed(app, owner)[0]).text

    assert "Bodies were not kept" in last_call()
    assert owner.post("/calls/bodies", on="1").status_code == 303
    kept = last_call()
    assert "recipient" in kept and "message_id" in kept and "Bodies were not kept" not in kept
    for secret in (*SECRETS, shop.credentials.secret, shop.credentials.public, shop.wallet):
        assert secret not in kept, secret
    assert "curl -X POST" in text_of(owner.get(listed(app, owner)[0])) and "Authorization: …" in kept
    clock.advance(3601)
    assert "Bodies were not kept" in last_call()
    assert owner.post("/calls/bodies", on="1").status_code == 303
    assert owner.post("/calls/bodies", on="0").status_code == 303
    assert "Bodies were not kept" in last_call()
