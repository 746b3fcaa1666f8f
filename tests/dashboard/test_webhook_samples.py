"""The button that posts a signed sample of an event to an endpoint."""

from __future__ import annotations

import html
import re

import pytest

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.receiver import answer


@pytest.fixture
def app(app_with):
    return app_with(WESEND_ALLOW_PRIVATE_URLS="1")


@pytest.mark.parametrize("format_name, count", [("wesendall", 3), ("wasambazie", 2), ("esms", 3), ("worldledgers", 9)])
def test_every_event_of_the_format_is_offered_and_posted(app, receiver, format_name, count):
    shop = mint(app)
    owner = Visitor(app, make_user(app, "owner", shop.account_id))
    owner.post("/webhooks", format=format_name, url=receiver.url)
    path = re.search(r"/webhooks/\d+", owner.get("/webhooks").text)[0]  # type: ignore[index]
    form = re.search(rf'action="{path}/trigger".*?</form>', owner.get(path).text, re.DOTALL)[0]  # type: ignore[index]
    events = [html.unescape(found) for found in re.findall(r"<option[^>]*>([\w.]+)", form)]
    assert len(events) == count
    for event in events:
        assert owner.post(f"{path}/trigger", event=event).status_code == 303
        assert receiver.posted[-1].json["event"] == event
        assert f"sample of {event} was received: HTTP 200" in text_of(owner.get(path))
    receiver.behave(answer(500))
    owner.post(f"{path}/trigger", event=events[0])
    assert f"sample of {events[0]} was not received: HTTP 500" in text_of(owner.get(path))
    posted = len(receiver.posted)
    assert owner.post(f"{path}/trigger", event="nothing").status_code < 500 and len(receiver.posted) == posted
    member = Visitor(app, make_user(app, "member", shop.account_id, "ben@example.com"))
    assert f"{path}/trigger" not in member.get(path).text
    assert member.post(f"{path}/trigger", event=events[0]).status_code in (403, 404) and len(receiver.posted) == posted


def test_a_sample_tells_the_time_in_the_accounts_zone_as_its_event_does(app, receiver):
    shop = mint(app)
    owner = Visitor(app, make_user(app, "owner", shop.account_id))
    owner.post("/webhooks", format="worldledgers", url=receiver.url)
    path = re.search(r"/webhooks/\d+", owner.get("/webhooks").text)[0]  # type: ignore[index]
    for event in ("communication.sms.delivered", "communication.sms.received"):
        owner.post(f"{path}/trigger", event=event)
        assert receiver.posted[-1].json["timestamp"].endswith("+03:00"), event
