"""Whatever becomes of a message, each API shows it in words that its document has."""

from __future__ import annotations

from typing import Any

import pytest

from wesend.sandbox.account import SENDERS

from ..support.dialects import ROWS
from ..support.documents import Watch
from ..support.jobs import ManualJobs
from ..support.published import APIS, WALLETS
from .walk import Walk

ENDINGS = ("0000099", "0000088", "0000077", "0000066", "0000055", "0000044", "2345678")
SENDS: dict[str, Any] = {  # path, body, where the answer has the id, path of the message
    "wesendall": (
        "/sms/send",
        lambda to: {"walletId": WALLETS["wesendall"][0], "message": "Hi", "recipient": to},
        "data.batch_id",
        f"/sms/history?walletId={WALLETS['wesendall'][0]}",
    ),
    "wasambazie": (
        "/sms/send",
        lambda to: {"to_number": to, "message": "Hi", "sender_id": SENDERS[0]},
        "message_batch_id",
        "/sms/delivery-reports/{}",
    ),
    "esms": ("/messages/send", lambda to: {"to": to, "text": "Hi"}, "id", "/messages/{}"),
    "worldledgers": ("/sms", lambda to: {"recipients": [to], "message": "Hi"}, "data.message_ids.0", "/sms/{}"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", APIS)
def test_every_outcome_of_the_sandbox_is_documented(app, name, ending):
    watch, jobs, client, prefix = Watch(), ManualJobs(app), ROWS[name].api(app), APIS[name].prefix
    watch.attach(app)
    path, body, place, shown = SENDS[name]
    sent = client.post(prefix + path, body("+25470" + ending))
    for _ in range(4):
        if sent.status_code < 400:
            client.get(prefix + shown.format(Walk.place(sent.json, place)))
        jobs.settle()
    assert watch.problems == []
    assert sent.status_code in (200, 201, 202, 402, 422, 502)
