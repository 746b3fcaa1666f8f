"""Gateways by the dashboard: chosen, set up, tested, set anew and removed, without a secret ever being shown."""

from __future__ import annotations

import re

import pytest

from wesend.accounts.roles import OWNER
from wesend.database import query, write
from wesend.gateways import breaker, registry, service
from wesend.wallets import service as wallets

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import make_route
from ..support.domain import send as send_sms
from ..support.fakes import FakeVendor, answer
from ..support.gateways import set_up

SECRET = "s3cr3t-of-the-vendor"
HOSTILE = "<script>alert('x')</script>"
PHONE = "+256712345678"
ACCEPTED = {"SMSMessageData": {"Message": "Sent", "Recipients": [{"statusCode": 101, "number": PHONE, "messageId": "ATX1"}]}}
AT = {"options.username": "acme", "secrets.api_key": SECRET}


@pytest.fixture
def vendor():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


def make_at(operator: Visitor, **fields) -> str:
    """An Africa's Talking gateway, by the form; its page."""
    return text_of(operator.follow("/operator/new-gateway/africastalking", name="at", **{**AT, **fields}))


def error_at(page, field: str) -> str:
    """What a form says of one field."""
    found = re.search(rf'id="{re.escape(field)}-error">([^<]+)<', page.text)
    assert found, text_of(page)
    return found[1]


def value_of(page, field: str) -> str | None:
    """What stands in a field of a page."""
    found = re.search(rf'<input[^>]*\bid="{re.escape(field)}"[^>]*>', page.text)
    assert found, f"no field {field}"
    value = re.search(r'\bvalue="([^"]*)"', found[0])
    return value[1] if value else None


def ticked(page, field: str) -> int:
    """How many boxes of a field are ticked."""
    return sum(" checked " in box and f'name="{field}"' in box for box in re.findall(r"<input[^>]*>", page.text))


# -- the list ------------------------------------------------------------------


def test_without_a_gateway_the_list_leads_to_the_first_one(operator):
    page = operator.get("/operator/gateways")
    assert "No gateway of your own yet" in text_of(page) and "add a route that uses it" in text_of(page)
    assert 'href="/operator/new-gateway"' in page.text
    assert all(name in text_of(page) for name in registry.BUILT_IN)


def test_every_type_that_can_be_set_up_is_offered_and_has_a_form(context, operator):
    page = operator.get("/operator/new-gateway")
    for name, kind in registry.types().items():
        assert f'href="/operator/new-gateway/{name}"' in page.text
        form = operator.get(f"/operator/new-gateway/{name}")
        for option in kind.options + kind.common_options:
            assert f'name="options.{option.name}"' in form.text, (name, option.name)
        for secret in kind.secrets:
            assert re.search(rf'<input[^>]*id="secrets\.{secret.name}"[^>]*type="password"', form.text), (name, secret.name)
    assert operator.get("/operator/new-gateway/pigeon").status_code == 404


def test_the_list_tells_state_limits_routes_and_the_address_for_the_vendor(context, operator):
    at = set_up("africastalking", name="at", parallel=3, tps="2.5")
    set_up("mpesa", name="till")
    make_route("UG_MTN", gateway="at")
    page = operator.get("/operator/gateways")
    shown = text_of(page)
    assert "at Africa&#39;s Talking · SMS works" in shown and "2.5 a second, 3 at once" in shown
    assert 'href="/operator/routes/UG_MTN"' in page.text and f"<code>{at.callback_url}</code>" in page.text
    assert "till M-Pesa · Mobile money works" in shown


def test_one_that_rests_says_until_when_and_why(context, clock, operator):
    set_up("africastalking", name="at")
    for _ in range(breaker.FAILURES):
        write(lambda tx: breaker.note(tx, "at", failed=1, went_well=False, error=HOSTILE))
    for path in ("/operator/gateways", "/operator/gateways/at"):
        page = operator.get(path)
        assert "rests until 15:00:05" in text_of(page), "as clocks in Kampala show it"
        assert HOSTILE not in page.text and "&lt;script&gt;" in page.text
    clock.advance(6)
    assert "the next message shows whether it works again" in text_of(operator.get("/operator/gateways/at"))


def test_one_whose_secrets_can_not_be_read_wants_them_again(app_with, app):
    with app.app_context():
        set_up("africastalking", name="at")
    moved = app_with(WESEND_SECRET_KEY="another")
    operator = Visitor(moved, make_user(app))
    page = operator.get("/operator/gateways/at")
    assert "can&#39;t be used" in text_of(page) and "Send the test" not in text_of(page)
    refused = operator.post("/operator/gateways/at/edit", **{"options.username": "acme"})
    assert "fill this in" in error_at(refused, "secrets.api_key")
    operator.follow("/operator/gateways/at/edit", **AT)
    with moved.app_context():
        assert service.get_gateway("at").problem is None


def test_addresses_that_no_vendor_can_call_are_warned_of(app_with, app, context, operator):
    set_up("africastalking", name="at")
    assert "lead to this machine only" in text_of(operator.get("/operator/gateways/at"))
    public = Visitor(app_with(WESEND_BASE_URL="https://sms.example.com"), make_user(app, email="b@example.com"))
    page = text_of(public.get("/operator/gateways/at"))
    assert "this machine only" not in page and "https://sms.example.com/callbacks/sms/at/" in page


# -- setting up ----------------------------------------------------------------


def test_what_is_set_up_by_the_form_is_what_the_command_would_have_made(context, operator):
    shown = make_at(operator, **{"options.tps": "2.5"})
    assert "at is set up." in shown and "Nothing goes over it yet" in shown
    adapter = registry.sms_gateway("at")
    assert (adapter.settings["username"], adapter.tps, adapter.parallel) == ("acme", 2.5, 16)
    assert adapter.credentials["api_key"] == SECRET
    assert service.get_gateway("at").options == {"username": "acme", "tps": "2.5"}, "defaults are left to the type"


def test_boxes_choices_and_lists_mean_what_they_show(context, operator):
    operator.follow(
        "/operator/new-gateway/smpp",
        name="line",
        **{
            "options.host": "smsc.example.com",
            "options.system_id": "me",
            "options.bind": "transmitter",
            "options.tls": "y",
            "secrets.password": "p",
        },
    )
    assert service.get_gateway("line").options == {"host": "smsc.example.com", "system_id": "me", "bind": "transmitter", "tls": "1"}
    operator.follow(
        "/operator/new-gateway/momo",
        name="momo",
        **{
            "options.target_environment": "mtnuganda",
            "options.api_user": "u",
            "options.networks": ["MTN", "AIRTEL"],
            "secrets.subscription_key": "s",
            "secrets.api_key": "k",
        },
    )
    assert registry.money_gateway("momo").networks == ("MTN", "AIRTEL")
    page = operator.get("/operator/gateways/line/edit")
    assert ticked(page, "options.tls") == 1
    assert '<option selected value="transmitter">' in page.text
    assert ticked(operator.get("/operator/gateways/momo/edit"), "options.networks") == 2


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": "A T"}, "name", "is not a gateway"),
        ({"name": "sandbox"}, "name", "always there"),
        ({"options.parallel": "many"}, "options.parallel", "must be a whole number"),
        ({"options.base_url": "ftp://x"}, "options.base_url", "must be a web address"),
        ({"options.username": ""}, "options.username", "fill this in"),
        ({"options.username": " "}, "options.username", "username is missing"),
        ({"secrets.api_key": ""}, "secrets.api_key", "fill this in"),
        ({"secrets.api_key": "two\x07"}, "secrets.api_key", "printable text"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept_but_secrets(context, operator, fields, field, sentence):
    typed = {"name": "at", **AT, "options.tps": "7", **fields}
    page = operator.post("/operator/new-gateway/africastalking", **typed)
    assert page.status_code == 200 and sentence in error_at(page, field)
    assert value_of(page, "options.tps") == "7" and value_of(page, "name") == typed["name"]
    assert "Secrets have to be typed again" in text_of(page) and SECRET not in page.text
    assert query("SELECT count(*) FROM gateways")[0][0] == 0


def test_a_name_that_is_taken_is_refused_and_the_other_gateway_stays(context, operator):
    make_at(operator)
    page = operator.post("/operator/new-gateway/marzsms", name="AT", **{"secrets.api_key": "k", "secrets.api_secret": "s"})
    assert "There is a gateway named at already" in text_of(page)
    assert service.get_gateway("at").type == "africastalking"


def test_a_gateway_may_have_any_name(context, operator):
    for name in ("new", "test", "edit"):
        operator.follow("/operator/new-gateway/africastalking", name=name, **AT)
        assert f"<h1>{name}</h1>" in operator.get(f"/operator/gateways/{name}").text


# -- setting anew --------------------------------------------------------------


def test_secrets_that_are_left_blank_stay_and_none_is_ever_shown(context, operator):
    make_at(operator)
    before = service.get_gateway("at")
    form = operator.get("/operator/gateways/at/edit")
    assert value_of(form, "options.username") == "acme" and not value_of(form, "secrets.api_key")
    assert "leave it blank to keep it" in text_of(form)
    shown = operator.follow(
        "/operator/gateways/at/edit", **{"options.username": "acme", "options.parallel": "3", "secrets.api_key": ""}
    )
    assert "at is saved" in text_of(shown)
    assert registry.sms_gateway("at").parallel == 3
    assert registry.sms_gateway("at").credentials["api_key"] == SECRET
    assert service.get_gateway("at").callback_url == before.callback_url
    pages = [form, shown, operator.get("/operator/gateways"), operator.get("/operator/audit")]
    assert not any(SECRET in page.text for page in pages)


def test_an_option_that_is_emptied_has_its_default_again(context, operator):
    make_at(operator, **{"options.parallel": "3"})
    operator.follow("/operator/gateways/at/edit", **{"options.username": "acme", "options.parallel": ""})
    assert registry.sms_gateway("at").parallel == 16


def test_an_optional_secret_is_taken_away_by_its_box(context, operator):
    set_up("android", name="phone", secrets={"webhook_key": SECRET})
    form = operator.get("/operator/gateways/phone/edit")
    assert 'name="forget.webhook_key"' in form.text and 'name="forget.password"' not in form.text
    operator.follow("/operator/gateways/phone/edit", **{"forget.webhook_key": "y"})
    assert registry.sms_gateway("phone").credentials == {"username": "phone", "password": "pw", "webhook_key": None}


def test_secrets_of_any_name_are_given_by_pairs_and_kept(context, operator):
    fields = {"options.url": "https://api.example.com/{token}", "options.body": '{"to": "{to}"}'}
    refused = operator.post(
        "/operator/new-gateway/http", name="beem", **fields, **{"new.1.name": "to ken", "new.1.value": SECRET, "new.2.name": "left"}
    )
    assert "letters, digits" in error_at(refused, "new.1.name") and "missing" in error_at(refused, "new.2.value")
    operator.follow("/operator/new-gateway/http", name="beem", **fields, **{"new.1.name": "token", "new.1.value": SECRET})
    assert registry.sms_gateway("beem").credentials == {"token": SECRET}
    operator.follow("/operator/gateways/beem/edit", **fields, **{"new.1.name": "user", "new.1.value": "me"})
    assert registry.sms_gateway("beem").credentials == {"token": SECRET, "user": "me"}
    operator.follow("/operator/gateways/beem/edit", **fields, **{"forget.token": "y"})
    assert registry.sms_gateway("beem").credentials == {"user": "me"}


@pytest.mark.parametrize("name", sorted(registry.RESERVED - {"smtp"}))
def test_what_is_always_there_is_shown_and_can_be_neither_changed_nor_removed(operator, name):
    page = operator.get(f"/operator/gateways/{name}")
    assert page.status_code == 200 and "Change settings" not in page.text and "/remove" not in page.text
    for path in ("edit", "remove"):
        assert operator.get(f"/operator/gateways/{name}/{path}").status_code == 404
    assert operator.post(f"/operator/gateways/{name}/remove").status_code in (404, 409)


# -- a test --------------------------------------------------------------------


def test_a_test_goes_out_once_and_its_outcome_is_shown(context, operator, vendor):
    vendor.on("POST", "/version1/messaging", answer(201, ACCEPTED))
    set_up("africastalking", vendor.url, name="at")
    page = operator.follow("/operator/gateways/at/test", to=PHONE, text="Hello", sender="SHOP")
    assert f"at took the test to {PHONE}. Its ID there is ATX1." in text_of(page)
    assert value_of(page, "to") == PHONE, "the next one goes there too"
    assert [asked.form["message"] for asked in vendor.asked] == ["Hello"] and vendor.last.form["from"] == "SHOP"


def test_a_vendors_refusal_is_shown_as_text(context, operator, vendor):
    vendor.on("POST", "/version1/messaging", answer(401, f"No: {HOSTILE}"))
    set_up("africastalking", vendor.url, name="at")
    page = operator.follow("/operator/gateways/at/test", to=PHONE, text="Hello")
    assert f"at refused the test to {PHONE}." in text_of(page)
    assert HOSTILE not in page.text and "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("+256700000077", "sandbox refused the test to +256700000077. Refused by the gateway (sandbox) (REJECTED)."),
        ("+256700000066", "sandbox gave no clear answer: the test to +256700000066 may have gone out."),
        ("+256700000044", "sandbox could not take the test to +256700000044; nothing was sent."),
    ],
)
def test_every_outcome_has_its_sentence(operator, number, sentence):
    assert sentence in text_of(operator.follow("/operator/gateways/sandbox/test", to=number, text="Hello"))


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"to": "0712345678", "text": "Hi"}, "to", "no phone number with its country code"),
        ({"to": "", "text": "Hi"}, "to", "fill this in"),
        ({"to": PHONE, "text": " "}, "text", "no text"),
        ({"to": PHONE, "text": "x" * 1600}, "text", "at most 10"),
    ],
)
def test_a_test_that_can_not_be_sent_is_told_at_the_field(context, operator, fields, field, sentence):
    page = operator.post("/operator/gateways/sandbox/test", **fields)
    assert page.status_code == 200 and sentence in error_at(page, field) and value_of(page, "to") == fields["to"]
    assert query("SELECT count(*) FROM audit_log WHERE action = 'gateway.test'")[0][0] == 0


def test_a_money_gateway_is_tried_by_a_top_up(context, operator):
    set_up("momo")
    page = operator.get("/operator/gateways/momo")
    assert "Top up a wallet" in text_of(page) and "Send the test" not in page.text
    assert "takes money and sends no SMS" in text_of(operator.post("/operator/gateways/momo/test", to=PHONE, text="Hi"))


# -- removing ------------------------------------------------------------------


def test_before_it_is_removed_its_routes_and_its_queue_are_named(context, app, operator):
    set_up("africastalking", name="at")
    make_route("UG_MTN", gateway="at")
    page = operator.get("/operator/gateways/at/remove")
    assert "1 route leads to it: UG_MTN" in text_of(page) and "Nothing is queued for it" in text_of(page)
    wallet = wallets.find_wallet(mint(app, is_sandbox=False).wallet, actor="test")
    send_sms(wallet, PHONE)
    assert "1 message is queued for it" in text_of(operator.get("/operator/gateways/at/remove"))
    assert "at is removed" in text_of(operator.follow("/operator/gateways/at/remove"))
    assert operator.get("/operator/gateways/at").status_code == 404
    assert query("SELECT count(*) FROM gateways")[0][0] == 0


# -- from elsewhere ------------------------------------------------------------


def test_the_checklist_the_overview_and_routes_lead_to_gateways(context, app, operator):
    set_up("africastalking", name="at")
    make_route("UG_MTN", gateway="at")
    assert 'href="/operator/gateways"' in operator.get("/start").text
    assert 'href="/operator/gateways/at"' in operator.get("/operator/routes").text
    assert '<option selected value="at">' in operator.get("/operator/routes/new?gateway=at").text
    box = mint(app, balance="2000")
    send_sms(wallets.find_wallet(box.wallet, actor="test"), PHONE, in_request=True)
    assert 'href="/operator/gateways/sandbox"' in operator.pick(box.account_id).get("/").text
    someone = Visitor(app, make_user(app, OWNER, box.account_id))
    assert "/operator/gateways" not in someone.get("/").text and "sandbox" in someone.get("/").text


def test_only_an_operator_opens_or_sends_any_of_it(context, owner, member):
    set_up("africastalking", name="at")
    for visitor in (owner, member):
        for path in (
            "/operator/gateways",
            "/operator/gateways/at",
            "/operator/gateways/at/edit",
            "/operator/new-gateway",
            "/operator/gateways/at/remove",
            "/operator/new-gateway/africastalking",
        ):
            assert visitor.get(path).status_code == 403, path
        for path in (
            "/operator/gateways/at/test",
            "/operator/gateways/at/remove",
            "/operator/gateways/at/edit",
            "/operator/new-gateway/africastalking",
        ):
            assert visitor.post(path, to=PHONE, text="Hi", name="x", **AT).status_code == 403, path
    assert [row["name"] for row in query("SELECT name FROM gateways")] == ["at"]


def test_what_is_wrong_with_a_setting_is_told_in_the_readers_language(operator):
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sw"
    given = {"name": "line", "options.host": "127.0.0.1", "options.system_id": "shop", "secrets.password": "secret"}
    refused = operator.post("/operator/new-gateway/smpp", **{**given, "options.port": "70000"})
    assert "Chaguo port lazima liwe: kati ya 1 na 65535, si" in error_at(refused, "options.port")
