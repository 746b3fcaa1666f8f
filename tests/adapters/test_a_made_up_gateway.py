"""A new type of gateway is one file and its place in `TYPES`: command, form, sends and receipts follow from it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from wesend.adapters.sms import types as sms
from wesend.cli import group
from wesend.gateways import service

from ..support import postgresql
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import balance, make_route, make_wallet, message, send
from ..support.fakes import answer
from ..support.gateways import Vendor
from .acme import AcmeGateway

TO = "+256712300000"
SECRET = "s3cr3t-of-acme"


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    monkeypatch.setitem(sms.TYPES, AcmeGateway.type, AcmeGateway)


@pytest.fixture
def operator(app) -> Visitor:
    return Visitor(app, make_user(app))


def run(app, *arguments: str) -> dict:
    instance = app.config["WESEND"].instance
    environment = {"WESEND_INSTANCE": str(instance), **postgresql.environment_of(instance)}
    done = CliRunner().invoke(group, [*arguments, "--json"], env=environment)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def set_by_command(app, vendor) -> service.GatewayInfo:
    given = ("--option", f"base_url={vendor.url}", "--option", "desk=front", "--secret", f"token={SECRET}")
    run(app, "gateway", "set", "carrier", "--type", "acme", *given)
    with app.app_context():
        return service.get_gateway("carrier")


def test_the_command_tells_of_it_and_sets_it_up(app, vendor):
    (told,) = run(app, "gateway", "types", "acme")["types"]
    assert (told["kind"], told["about"]) == ("sms", AcmeGateway.about)
    assert [option["name"] for option in told["options"] if option["required"]] == ["desk"]
    made = set_by_command(app, vendor)
    assert (made.type, made.problem, made.secrets) == ("acme", None, ("token",))
    assert made.callback_url is not None and "/callbacks/sms/carrier/" in made.callback_url


def test_the_dashboard_offers_its_form_and_sets_it_up(operator, app, vendor):
    assert 'href="/operator/new-gateway/acme"' in operator.get("/operator/new-gateway").text
    form = operator.get("/operator/new-gateway/acme").text
    assert 'name="options.desk"' in form and re.search(r'<input[^>]*id="secrets\.token"[^>]*type="password"', form)
    fields = {"options.base_url": vendor.url, "options.desk": "front", "secrets.token": SECRET}
    page = text_of(operator.follow("/operator/new-gateway/acme", name="carrier", **fields))
    assert "Acme Carrier" in page and SECRET not in page
    with app.app_context():
        assert service.get_gateway("carrier").options["desk"] == "front"


@pytest.mark.parametrize(("state", "status"), [("there", "delivered"), ("lost", "failed")])
def test_a_message_leaves_by_it_and_its_receipt_comes_by_callback(app, vendor, state, status):
    info = set_by_command(app, vendor)
    vendor.on("POST", "/front", answer(200, {"slip": "slip-1"}))
    with app.app_context():
        wallet = make_wallet("1000")
        make_route("ACME", "carrier", priority=-1)
        sent = send(wallet, TO, in_request=True).messages[0]
        assert (sent["status"], sent["gateway_ref"], balance(wallet)) == ("submitted", "slip-1", "965")
    asked = vendor.last
    assert asked.json == {"number": TO, "words": "Hello", "tell": info.callback_url}
    assert asked.headers["x-acme-token"] == SECRET
    brought = Vendor(app, info)
    assert brought(data={"slip": "slip-1", "state": state}).status_code == 200
    assert brought(data={"nothing": "1"}).status_code == 400
    assert brought.match() == 1
    with app.app_context():
        assert message(sent["id"])["status"] == status


def test_what_it_refuses_is_refunded(app, vendor):
    set_by_command(app, vendor)
    vendor.on("POST", "/front", answer(200, {"refused": "No such desk"}))
    with app.app_context():
        wallet = make_wallet("1000")
        make_route("ACME", "carrier", priority=-1)
        sent = send(wallet, TO, in_request=True).messages[0]
        assert (sent["status"], sent["error_message"], balance(wallet)) == ("failed", "No such desk", "1000")
