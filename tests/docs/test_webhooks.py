"""The webhooks of each document are those that go out, in every event that the format has."""

from __future__ import annotations

import json

import pytest

from wesend.database import query
from wesend.messages.email import tracking
from wesend.webhooks import deliver, endpoints
from wesend.webhooks.formats import RECEIVED

from ..support.dialects import ROWS
from ..support.documents import Documented
from ..support.inbound import receive
from ..support.published import APIS
from .walk import Walk

FAILS = "+254700000099"


@pytest.mark.parametrize("name", APIS)
def test_every_event_of_the_format_is_documented(name):
    assert APIS[name].webhook_format is not None
    assert set(APIS[name].document.webhooks) == set(APIS[name].webhook_format.events)


@pytest.mark.parametrize("name", APIS)
def test_what_goes_out_is_what_the_document_says(app, name):
    documented, walk = Documented.of(app, name), Walk(app, name)
    with app.app_context():
        account_id = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]
        endpoints.add_endpoint(account_id=account_id, format_name=name, url="https://example.com/hook", actor="test")
        endpoints.add_endpoint(
            account_id=account_id, format_name=name, url="https://example.com/in", events=[RECEIVED], actor="test"
        )
    walk.client.post(ROWS[name].send.path, ROWS[name].send.body(FAILS))
    for _ in walk:
        walk.jobs.settle()
    with app.app_context():
        receive("sandbox", "+256712345678", "32811", "Hello", account_id=account_id)
        for message in query("SELECT * FROM messages WHERE channel = 'email'"):
            tracking.note_opened(message)
            tracking.note_clicked(message, "https://example.com")
        sent = [(row["event"], json.loads(deliver.payload_of(name, row))) for row in query("SELECT * FROM webhook_deliveries")]
    for event, payload in sent:
        content = documented.document["webhooks"][event]["post"]["requestBody"]["content"]
        validator = documented.schema(content["application/json"]["schema"])
        assert [error.message for error in validator.iter_errors(payload)] == []
    # Mail is sent by a worker that these jobs do not run.
    not_caused = {f"communication.email.{word}" for word in ("processing", "delivered", "failed")}
    assert {*APIS[name].document.webhooks} - {event for event, _ in sent} <= not_caused
