"""No verification, and no list or sweep of them, walks through a table that grows."""

from __future__ import annotations

import pytest

from wesend.verification import ending

from ..support.dashboard import Visitor, make_user
from ..support.esms import ANN, BEN, Esms, data_of
from ..support.plans import Recorder
from ..support.verify import check, started, wrong


@pytest.fixture
def recorder(monkeypatch, postgresql_server) -> Recorder:
    return Recorder(monkeypatch, on_postgresql=postgresql_server is not None)


@pytest.fixture
def app(recorder, app_with):
    """Its connections are the recorder's."""
    return app_with()


@pytest.mark.usefixtures("clock")
def test_everything_that_is_asked_of_verifications_is_found_by_an_index(app, client, recorder, instance):
    api = Esms(client)
    app_id = data_of(api.post("/verify/apps", {"name": "Shop"}))["id"]
    recorder.statements.clear()
    begun = started(api, ANN, app_id=app_id)
    api.post(f"/verify/{begun['verification_id']}/resend")
    check(api, wrong(begun["sandbox_code"]), to=ANN)
    for path in ("", f"?app_id={app_id}", f"?to={ANN}&status=pending", f"/{begun['verification_id']}", f"/apps/{app_id}/stats"):
        assert api.get(f"/verify{path}").status_code == 200
    api.post(f"/verify/{begun['verification_id']}/cancel")
    api.post("/opt-outs", {"phone": BEN})
    api.get("/opt-outs")
    with app.app_context():
        ending.sweep()
        ending.forget_old()
    member = Visitor(app, make_user(app, "member", data_of(api.get("/workspace"))["id"]))
    assert member.get("/verifications").status_code == 200
    assert recorder.statements and recorder.scans(instance) == []
