"""A vendor's file of the operator's: checked by a command, a type from the next start on, or told to be wrong."""

from __future__ import annotations

import json

import pytest

from tests.adapters.conftest import submission
from tests.support.dashboard import Visitor, make_user, text_of
from tests.support.domain import balance, make_route, make_wallet, message, send
from tests.support.fakes import answer
from tests.support.gateways import ACTOR, NOWHERE, Vendor
from tests.support.vendor_files import ACME, changed, write_file
from wesend import cli
from wesend.database import query
from wesend.gateways import balances, registry, service, unlisted_words
from wesend.operations import doctor
from wesend.sweeps import ask_balances
from wesend.two_way import matching

TO = "+256712300000"
ONE = changed(
    (
        'body = { from = "{sender}", text = "{text}", to = "{items}" }',
        'body = { text = "{text}", to = "{to}", id = "{reference}" }',
    ),
    ('[send.item]\nnumber = "{to}"\nref = "{reference}"\n', ""),
    ("batch = 3", ""),
    ('path = "recipients"\nto = "number"', 'path = "recipients"'),
    ("[[sample]]", '[inbound]\nfrom = "sender"\ntext = "message"\nanswer = 202\nanswer_body = "{}"\n[[sample]]'),
)


def run(app, *arguments: str):
    return app.test_cli_runner().invoke(cli.group, list(arguments), prog_name="wesend")


def with_file(app_with, instance, text: str = ONE, name: str = "acme"):
    write_file(instance, text, name)
    return app_with()


def set_acme(url: str = NOWHERE, **options) -> service.GatewayInfo:
    return service.set_gateway("acme1", "acme", {"base_url": url, **options}, {"api_key": "k3y"}, actor=ACTOR)


class TestTheCommand:
    def test_a_file_in_order_is_told_so(self, app, tmp_path):
        (tmp_path / "acme.toml").write_text(ACME)
        done = run(app, "gateway", "vendor", "check", str(tmp_path / "acme.toml"), "--json")
        assert done.exit_code == 0
        told = json.loads(done.stdout)
        assert (told["name"], told["ok"], told["samples"], told["parts"]) == ("acme", True, 1, ["answer", "receipt", "poll"])

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            (
                '200 = "accepted"',
                '200 = "ok"',
                'acme.toml: [answer.codes] 200: expected accepted, refused, temporary or unknown, not "ok"',
            ),
            (
                'outcome = "accepted"',
                'outcome = "refused"',
                'acme.toml: [sample 1] gives 1 outcome: expected "refused", not "accepted"',
            ),
            ("cost = 0.8", "cost = 0.9", "acme.toml: [sample 1] gives 1 cost: expected 0.9"),
            ('id = "a1", cost', 'ref = "a1", cost', "acme.toml: [sample 1] gives 1: unknown key ref"),
        ],
    )
    def test_what_is_wrong_is_named_and_the_exit_code_is_1(self, app, tmp_path, old, new, sentence):
        (tmp_path / "acme.toml").write_text(changed((old, new)))
        done = run(app, "gateway", "vendor", "check", str(tmp_path / "acme.toml"))
        assert done.exit_code == 1 and sentence in done.stderr and done.stdout == ""

    def test_a_file_that_is_not_there(self, app, tmp_path):
        done = run(app, "gateway", "vendor", "check", str(tmp_path / "acme.toml"))
        assert done.exit_code == 1 and "acme.toml: it can't be read" in done.stderr


class TestAFileOfTheOperators:
    def test_its_type_is_offered_by_the_command_and_has_a_form(self, app_with, instance):
        app = with_file(app_with, instance)
        (told,) = json.loads(run(app, "gateway", "types", "acme", "--json").stdout)["types"]
        assert (told["kind"], [option["name"] for option in told["options"]]) == (
            "sms",
            ["base_url", "desk", "tps", "parallel", "inbound_account"],
        )
        assert [secret["name"] for secret in told["secrets"]] == ["api_key"]
        form = Visitor(app, make_user(app)).get("/operator/new-gateway/acme").text
        assert 'name="options.desk"' in form and 'type="password"' in form

    def test_a_message_leaves_by_it_and_its_receipts_come_twice_early_and_unlisted(self, app_with, instance, vendor):
        app = with_file(app_with, instance)
        vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued", "id": "a1", "price": "UGX 30"}]}))
        with app.app_context():
            info = set_acme(vendor.url)
            wallet = make_wallet("1000")
            make_route("ACME", "acme1", priority=-1)
            brought = Vendor(app, info)
            assert brought(json={"id": "a1", "status": "ODD"}).status_code == 200
            assert brought.match() == 0, "early"
            sent = send(wallet, TO, in_request=True).messages[0]
            assert (sent["status"], sent["gateway_ref"]) == ("submitted", "a1")
            app.extensions["wesend.looked_receipts"].again_at = [0, 0]
            assert brought.match() == 1
            assert message(sent["id"])["status"] == "submitted", "a word of no list changes nothing"
            for word in ("ODD", "DELIVRD", "DELIVRD", "UNDELIV"):
                assert brought(json={"id": "a1", "status": word}).status_code == 200
            assert brought.match() == 4
            assert message(sent["id"])["status"] == "delivered"
            lines = [row["detail"] for row in query("SELECT detail FROM message_events WHERE message_id = ?", (sent["id"],))]
            assert lines.count("DLR: ODD, which is in no list") == 1
            assert unlisted_words.totals() == {"acme1": 1}
        assert b'wesend_receipt_words_unknown_total{gateway="acme1"} 1.0' in app.test_client().get("/metrics").data

    def test_an_unlisted_code_keeps_its_charge_and_is_never_sent_again(self, app_with, instance, vendor):
        app = with_file(app_with, instance)
        vendor.on("POST", "/send", answer(200, {"code": 777}))
        with app.app_context():
            set_acme(vendor.url)
            wallet = make_wallet("1000")
            make_route("ACME", "acme1", priority=-1)
            sent = send(wallet, TO, in_request=True).messages[0]
            assert (sent["status"], balance(wallet), len(vendor.asked)) == ("unknown", "965", 1)

    def test_what_people_write_comes_to_the_same_address_or_to_one_of_its_own(self, app_with, instance, vendor):
        app = with_file(app_with, instance)
        vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued", "id": "a1"}]}))
        with app.app_context():
            brought = Vendor(app, set_acme(vendor.url))
            make_route("ACME", "acme1", priority=-1)
            send(make_wallet("1000"), TO, in_request=True)
            for path in (brought.path, brought.path + "/in"):
                told = brought(path=path, json={"sender": TO, "message": "Hi there"})
                assert (told.status_code, told.json) == (202, {})
            matching.match_new()
            assert [row["text"] for row in query("SELECT text FROM inbound_messages")] == ["Hi there"] * 2
            assert brought(path=brought.path + "/in", json={"id": "a1", "status": "DELIVRD"}).status_code == 400
            assert brought(path=brought.path + "x/in", json={}).status_code == 404

    def test_what_is_not_signed_is_kept_at_neither_address(self, app_with, instance):
        check = '[secrets.pin]\n[receipt.check]\nkind = "secret"\nheader = "X-Pin"\nis = "{pin}"\n[poll]'
        app = with_file(app_with, instance, changed(("[poll]", check), text=ONE))
        with app.app_context():
            secrets = {"api_key": "k3y", "pin": "s3cret"}
            brought = Vendor(app, service.set_gateway("acme1", "acme", {"base_url": NOWHERE}, secrets, actor=ACTOR))
            told = {"sender": TO, "message": "STOP"}
            for path in (brought.path, brought.path + "/in"):
                for headers in ({}, {"X-Pin": "guess"}):
                    assert brought(path=path, json=told, headers=headers).status_code == 403
                assert brought(path=path, json=told, headers={"X-Pin": "s3cret"}).status_code == 202
            assert query("SELECT count(*) FROM incoming_messages")[0][0] == 2

    def test_it_may_take_a_shipped_ones_place_and_doctor_says_so(self, app_with, instance):
        app = with_file(app_with, instance, ONE.replace('name = "acme"', 'name = "beem"'), "beem")
        with app.app_context():
            assert registry.types()["beem"].title == "Acme"
            assert any("replaces the shipped beem" in finding.detail for finding in doctor.examine())

    @pytest.mark.parametrize("name", ["http", "twilio", "momo", "sandbox"])
    def test_but_never_a_coded_ones(self, app_with, instance, name):
        app = with_file(app_with, instance, ONE.replace('name = "acme"', f'name = "{name}"'), name)
        with app.app_context():
            assert registry.types()[name].title != "Acme"
        assert run(app, "doctor").exit_code == 1


class TestAFileThatCanNotBeUsed:
    def test_its_type_is_not_offered_and_doctor_exits_1(self, app_with, instance):
        app = with_file(app_with, instance, ONE.replace("format = 1", "format = 9"))
        told = run(app, "gateway", "types", "acme")
        assert told.exit_code == 1
        examined = run(app, "doctor", "--json")
        assert examined.exit_code == 1
        found = json.loads(examined.stdout)
        assert found["ok"] is False
        assert {
            "check": "Vendor file",
            "state": "error",
            "detail": "acme.toml: format: expected a whole number from 1 to 1, not 9",
        } in found["checks"]

    def test_a_shipped_one_of_that_name_is_not_used_instead(self, app_with, instance):
        app = with_file(app_with, instance, "format = 1", "beem")
        with app.app_context():
            assert "beem" not in registry.types()

    @pytest.mark.parametrize("text", [None, "rubbish ="])
    def test_its_gateways_are_unusable_and_messages_go_by_the_next_route(self, app_with, instance, text):
        with with_file(app_with, instance).app_context():
            set_acme()
            make_route("ACME", "acme1", priority=-2)
            make_route("NEXT", "sandbox", priority=-1)
        file = instance / "vendors" / "acme.toml"
        file.unlink() if text is None else file.write_text(text)
        app = app_with()
        with app.app_context():
            info = service.get_gateway("acme1")
            assert info.problem is not None and ("acme.toml" in info.problem or "its file is gone" in info.problem)
            assert registry.sms_gateway("acme1") is None
        operator = Visitor(app, make_user(app))
        for path in ("/operator/gateways", "/operator/gateways/acme1"):
            assert "acme" in text_of(operator.get(path))
        assert operator.get("/operator/gateways/acme1/edit").status_code == 404
        told = json.loads(run(app, "gateway", "list", "--json").stdout)["gateways"]
        assert [gateway["ok"] for gateway in told if gateway["name"] == "acme1"] == [False]


LEFT = ONE.replace("[[sample]]", '[balance]\nurl = "{base_url}/left"\namount = "left"\ncurrency = "KES"\n[[sample]]')


class TestWhatIsLeft:
    def test_it_is_asked_every_quarter_of_an_hour_shown_and_told_when_it_is_low(self, app_with, instance, vendor, clock):
        write_file(instance, LEFT)
        app = app_with(WESEND_ALERT_MAIL="ops@example.com")
        vendor.on("GET", "/left", answer(200, {"left": "KSh 1,250.5"}), answer(200, {"left": 40}), answer(200, "<html>"))
        with app.app_context():
            set_acme(vendor.url, balance_alert="100")
            for expected in (1, 1, 2):
                _ask(app)
                assert len(vendor.asked) == expected
                clock.advance(8 * 60)
            known = balances.balances()["acme1"]
            assert (known.text, known.low_since is not None) == ("40 KES", True)
            assert any("acme1 has 40 KES left" in finding.detail and finding.state == "warning" for finding in doctor.examine())
            clock.advance(16 * 60)
            _ask(app)
            assert balances.balances()["acme1"].text == "40 KES", "what can't be read changes nothing"
        shown = app.test_client().get("/metrics").data
        assert b'wesend_gateway_balance{currency="KES",gateway="acme1"} 40.0' in shown
        assert b'wesend_gateway_balance_low{currency="KES",gateway="acme1"} 1.0' in shown
        assert "40 KES, which is low" in text_of(Visitor(app, make_user(app)).get("/operator/gateways/acme1"))

    def test_what_comes_with_the_answers_is_kept_however_many_calls_they_are_of(self, app_with, instance, vendor):
        came = changed(("[answer]\n", '[answer]\nbalance = "left"\n')) + '[balance]\nfrom = "answer"\nunit = "credits"\n'
        app = with_file(app_with, instance, came)
        status = [{"number": TO, "status": "queued", "id": "a1"}]
        vendor.on("POST", "/send", answer(200, {"code": 200, "left": 7, "recipients": status}))
        with app.app_context():
            set_acme(vendor.url)
            gateway = registry.sms_gateway("acme1")
            assert gateway is not None
            outcomes = gateway.submit([submission(1, to=TO), submission(2, to=TO)])
            assert [outcome.kind for outcome in outcomes] == ["accepted"] * 2 and len(vendor.asked) == 2
            assert balances.balances()["acme1"].text == "7 credits"


def _ask(app) -> None:
    for name in balances.due_gateways():
        balances.ask(name)
    ask_balances(app)
