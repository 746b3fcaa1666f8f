"""`wesend gateway` and `wesend deposit`: what they print for scripts, and what they never show."""

from __future__ import annotations

import pytest

from tests.support.domain import make_account, make_wallet
from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import set_up
from wesend import cli
from wesend.core.phones import normalise
from wesend.gateways import registry
from wesend.wallets.deposits import start_deposit

SECRET = "s3cr3t-of-the-vendor"
SET = ("gateway", "set", "at", "--type", "africastalking", "--option", "username=acme", "--secret", f"api_key={SECRET}")
ACCEPTED = {
    "SMSMessageData": {
        "Message": "Sent to 1/1",
        "Recipients": [{"statusCode": 101, "number": "+256712345678", "status": "Success", "messageId": "ATX1"}],
    }
}


@pytest.fixture
def fake():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


def test_set_prints_name_type_and_the_address_for_the_vendor(wesend, app):
    shown = wesend(*SET, "--json").json
    assert {key: shown[key] for key in ("name", "type", "ok")} == {"name": "at", "type": "africastalking", "ok": True}
    assert shown["callback_url"].startswith(app.config["WESEND"].base_url + "/callbacks/sms/at/")


def test_list_prints_every_gateway_and_those_that_are_always_there(wesend):
    made = wesend(*SET, "--json").json
    wesend("gateway", "set", "mz", "--type", "marzsms", "--secret", "api_key=k", "--secret", "api_secret=s")
    shown = wesend("gateway", "list", "--json").json["gateways"]
    assert [(each["name"], each["type"], each["ok"]) for each in shown] == [
        ("sandbox", "sandbox", True),
        ("sandbox-money", "sandbox-money", True),
        ("at", "africastalking", True),
        ("mz", "marzsms", True),
    ]
    assert [each["callback_url"] for each in shown] == [None, None, made["callback_url"], None]


@pytest.mark.parametrize("name", registry.types())
def test_types_tells_what_can_be_set_of_a_type(wesend, name):
    [shown] = wesend("gateway", "types", name, "--json").json["types"]
    kind = registry.types()[name]
    assert {option["name"]: option["required"] for option in shown["options"]} == {
        option.name: option.required for option in kind.options + kind.common_options
    }
    assert {secret["name"] for secret in shown["secrets"]} == {secret.name for secret in kind.secrets}
    told = wesend("gateway", "types", name).out
    assert [option["name"] for option in shown["options"] if f"--option {option['name']}=" not in told] == []
    assert told in wesend("gateway", "types").out


def api_key_of(name: str) -> str:
    return registry.sms_gateway(name).credentials["api_key"]


@pytest.mark.parametrize(("content", "kept"), [("k3y", "k3y"), ("k3y\n", "k3y"), (" k 3y \r\n", "k 3y"), ("päss\n", "päss")])
def test_a_secret_is_read_from_a_file(wesend, context, tmp_path, content, kept):
    file = tmp_path / "key"
    file.write_bytes(content.encode())
    assert wesend(*SET[:-1], f"api_key=@{file}").code == 0
    assert api_key_of("at") == kept


def test_a_secret_is_read_from_the_input(app, context):
    runner = app.test_cli_runner()
    set_twilio = (
        "gateway",
        "set",
        "tw",
        "--type",
        "mpesa",
        "--option",
        "shortcode=174379",
        "--secret",
        "consumer_key=-",
        "--secret",
        "consumer_secret=-",
        "--secret",
        "passkey=plain",
    )
    done = runner.invoke(cli.group, list(set_twilio), input="first\nsecond\n", prog_name="wesend")
    assert done.exit_code == 0, done.stderr
    assert registry.money_gateway("tw").credentials == {"consumer_key": "first", "consumer_secret": "second", "passkey": "plain"}
    empty = runner.invoke(cli.group, list(set_twilio), input="first\n", prog_name="wesend")
    assert (empty.exit_code, empty.stderr) == (1, "Error: No secret consumer_secret came in: nothing was set\n")


@pytest.mark.parametrize(
    "name, said",
    [
        ("absent", "No such file or directory"),
        ("", "Is a directory"),
        ("binary", "it is no text"),
        ("empty", "it is empty"),
        ("long", "it is too long"),
    ],
)
def test_a_file_without_a_secret_is_refused_in_a_sentence(wesend, tmp_path, name, said):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00k")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_text("x" * 30_000)
    refused = wesend(*SET[:-1], f"api_key=@{tmp_path / name}")
    assert refused.code == 1 and refused.err.count("\n") == 1
    assert f"The secret api_key can't be read from {tmp_path / name}: {said}" in refused.err


def test_a_secret_that_begins_with_an_at_sign_is_given_with_two(wesend, context):
    assert wesend(*SET[:-1], "api_key=@@home").code == 0
    assert api_key_of("at") == "@home"


def test_no_command_ever_shows_a_secret(wesend):
    shown = [
        wesend(*SET),
        wesend(*SET, "--json"),
        wesend("gateway", "list"),
        wesend("gateway", "list", "--json"),
        wesend(*SET[:-2], "--secret", f"apikey={SECRET}"),
        wesend(*SET, "--option", f"api_key={SECRET}"),
    ]
    assert [each.code for each in shown] == [0, 0, 0, 0, 1, 1]
    assert not any(SECRET in each.out + each.err for each in shown)


@pytest.mark.parametrize("value", ["username", "=acme", " =acme"])
def test_an_option_is_name_and_value(wesend, value):
    assert wesend("gateway", "set", "at", "--type", "africastalking", "--option", value).code == 2


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("gateway", "set", "at", "--type", "pigeon"), "choose one of"),
        (("gateway", "types", "pigeon"), "choose one of"),
        (("gateway", "set", "at", "--type", "africastalking"), "username is missing"),
        (("gateway", "set", "A T", "--type", "marzsms"), "not a gateway's name"),
        (("gateway", "remove", "nobody"), "no gateway named nobody"),
        (("gateway", "remove", "sandbox"), "always there"),
        (("gateway", "test", "nobody", "--to", "+256712345678"), "no SMS gateway named nobody"),
        (("gateway", "test", "sandbox", "--to", "12"), "no phone number"),
        (("gateway", "test", "sandbox-money", "--to", "+256712345678"), "takes money and sends no SMS"),
        (("deposit", "check", "dep_nobody"), "no deposit dep_nobody"),
        (("deposit", "list", "--account", "999999"), ""),
    ],
)
def test_a_refusal_is_one_sentence(wesend, arguments, sentence):
    refused = wesend(*arguments, "--json")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Error: ") and sentence in refused.err and refused.err.count("\n") == 1


def test_a_test_sends_one_real_sms_past_wallets(wesend, app, fake):
    fake.on("POST", "/version1/messaging", answer(201, ACCEPTED))
    with app.app_context():
        set_up("africastalking", fake.url, name="at")
    shown = wesend("gateway", "test", "AT", "--to", "+256712345678", "--text", "Hi", "--sender", "SHOP", "--json").json
    assert {key: shown[key] for key in ("name", "type", "ok", "outcome", "gateway_message_id")} == {
        "name": "at",
        "type": "africastalking",
        "ok": True,
        "outcome": "accepted",
        "gateway_message_id": "ATX1",
    }
    assert {key: fake.last.form[key] for key in ("to", "message", "from")} == {
        "to": "+256712345678",
        "message": "Hi",
        "from": "SHOP",
    }


def test_a_test_that_was_not_accepted_says_why_and_ends_with_1(wesend, app, fake):
    fake.on("POST", "/version1/messaging", answer(401, "The supplied authentication is invalid"))
    with app.app_context():
        set_up("africastalking", fake.url, name="at")
    failed = wesend("gateway", "test", "at", "--to", "+256712345678", "--json")
    assert failed.code == 1 and '"ok": false' in failed.out and "authentication is invalid" in failed.out
    assert "authentication is invalid" in wesend("gateway", "test", "at", "--to", "+256712345678").out


def test_a_removed_gateway_is_gone(wesend):
    wesend(*SET)
    assert wesend("gateway", "remove", "AT", "--json").json == {"name": "at", "removed": True}
    assert "at" not in [each["name"] for each in wesend("gateway", "list", "--json").json["gateways"]]


def test_a_route_takes_a_gateways_name_however_it_is_written(wesend):
    wesend(*SET)
    shown = wesend("route", "set", "UG", "--country", "UG", "--gateway", "AT", "--price", "35", "--currency", "UGX", "--json")
    assert shown.json["gateway"] == "at"


@pytest.fixture
def deposit(app, clock, monkeypatch) -> str:
    """A sandbox deposit of 500 UGX; its id."""
    with app.app_context():
        account = make_account()
        return start_deposit(
            make_wallet("0", account=account, is_sandbox=True), 500_000_000, normalise("0772345678", "UG"), actor="test"
        )["uid"]


def test_deposits_are_listed_newest_first(wesend, deposit):
    (shown,) = wesend("deposit", "list", "--json").json["deposits"]
    assert shown == {
        "deposit_id": deposit,
        "account_id": shown["account_id"],
        "wallet_id": shown["wallet_id"],
        "amount": "500",
        "currency": "UGX",
        "phone": "+256772345678",
        "gateway": "sandbox-money",
        "status": "pending",
        "reason": None,
        "credited": None,
        "created_at": shown["created_at"],
    }
    assert wesend("deposit", "list", "--status", "failed", "--json").json == {"deposits": []}
    assert wesend("deposit", "list", "--account", 1, "--json").json == {"deposits": []}
    assert deposit in wesend("deposit", "list").out


def test_a_check_asks_the_gateway_and_credits_once(wesend, deposit, clock):
    assert wesend("deposit", "check", deposit, "--json").json["status"] == "pending"
    clock.advance(1)
    for _ in range(2):
        shown = wesend("deposit", "check", deposit, "--json").json
        assert (shown["status"], shown["credited"]) == ("successful", "500")
    assert wesend("wallet", "show", shown["wallet_id"], "--json").json["balance"] == "500"
