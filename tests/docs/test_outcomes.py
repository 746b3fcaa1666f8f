"""Whatever becomes of a message, each API shows it in words that its document has."""

from __future__ import annotations

import pytest

from ..support.dialects import ROWS
from ..support.documents import Watch
from ..support.jobs import ManualJobs
from ..support.published import APIS
from .walk import Walk

ENDINGS = ("0000099", "0000088", "0000077", "0000066", "0000055", "0000044", "2345678")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", APIS)
def test_every_outcome_of_the_sandbox_is_documented(app, name, ending):
    watch, jobs, client, send = Watch(), ManualJobs(app), ROWS[name].api(app), ROWS[name].send
    watch.attach(app)
    sent = client.post(send.path, send.body("+25470" + ending))
    for _ in range(4):
        if sent.status_code < 400:
            client.get(send.shown.format(Walk.place(sent.json, send.id_at)))
        jobs.settle()
    assert watch.problems == []
    assert sent.status_code in (200, 201, 202, 402, 422, 502)
