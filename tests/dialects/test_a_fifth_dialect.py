"""A fifth dialect is a folder and its place in the list: in a copy of wesend with no other change, all of it is there.

``acme/`` is that folder: made up, with an envelope, a token, a kind of field and words like nobody else's.
"""

from __future__ import annotations

import hmac
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from jsonschema import Draft202012Validator

from ..support.published import APIS
from ..support.receiver import Receiver
from ..support.server import PROJECT, Server
from ..support.signed_in import SignedIn

FOLDER = Path(__file__).parent / "acme"
LIST = '\nNAMES = (*NAMES, "acme")\n'
TOKEN = "acme_try_sandbox0000000000000000"
HELLO = {"number": "+256712345678", "words": "Hello"}


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    copy = tmp_path_factory.mktemp("fifth")
    for name in ("wesend", "migrations"):
        shutil.copytree(PROJECT / name, copy / name)
    shutil.copy(PROJECT / "app.py", copy)
    shutil.copytree(FOLDER, copy / "wesend" / "dialects" / "acme")
    with (copy / "wesend" / "dialects" / "__init__.py").open("a") as file:
        file.write(LIST)
    copy_instance(copy / "instance")
    with Server(
        copy / "instance",
        project=copy,
        WESEND_WORKERS="1",
        WESEND_SANDBOX_DELAY="0",
        WESEND_ALLOW_PRIVATE_URLS="1",
        WESEND_LOG="text",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


class Told(NamedTuple):
    """What commands told, all run in one process."""

    sandbox: dict
    key: dict
    webhook: dict
    refusal: str


@pytest.fixture(scope="module")
def told(server, receiver) -> Told:
    key = ("key", "create", "--account", "1", "--wallet", "wal_sandbox_acme", "--api")
    *done, refused = server.run_each(
        ("sandbox", "--json"),
        (*key, "acme", "--json"),
        ("webhook", "add", "--account", "1", "--format", "acme", "--url", receiver.url, "--json"),
        (*key, "nobody"),
    )
    assert [code for code, _ in done] == [0, 0, 0] and refused[0] == 2
    return Told(*(json.loads(output) for _, output in done), refused[1])


@pytest.fixture(scope="module")
def boss(server) -> SignedIn:
    found = re.search(r"http://\S+(/sign-in/\S+)", server.output())
    assert found
    return SignedIn(server.url, found[1])


def call(server: Server, method: str, path: str, token: str = TOKEN, **options) -> requests.Response:
    headers = {"X-Acme-Token": token, **options.pop("headers", {})}
    return requests.request(method, f"{server.url}/acme/v2{path}", headers=headers, timeout=30, **options)


def balance(server: Server, wallet: str = "wal_sandbox_acme") -> int:
    return server.query("SELECT balance_micros FROM wallets WHERE uid = ?", wallet)[0][0]


def test_the_sandbox_publishes_its_credentials_beside_those_of_the_others(told):
    assert list(told.sandbox)[2:] == [*APIS, "acme", "smpp"]
    assert told.sandbox["acme"] == {"token": TOKEN, "groups": told.sandbox["esms"]["contact_list_ids"]}


def test_a_text_is_charged_and_delivered(server):
    before = balance(server)
    sent = call(server, "POST", "/texts", json=HELLO)
    assert (sent.status_code, set(sent.json())) == (202, {"text_id", "state", "price"})
    assert before - balance(server) == sent.json()["price"] * 10**6 > 0
    path = f"/texts/{sent.json()['text_id']}"
    Server.wait_until(lambda: call(server, "GET", path).json()["state"] == "there", 10, "the text did not arrive")


def test_a_key_is_made_by_command_in_its_own_shape_and_works(server, told):
    assert "'worldledgers', 'acme'" in told.refusal
    assert re.fullmatch(r"acme_try_[A-Za-z0-9]{24}", told.key["token"]) and "api_key" not in told.key
    assert call(server, "POST", "/texts", told.key["token"], json=HELLO).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("POST", "/texts", {"token": "", "json": HELLO}, 401, "who_are_you"),
        ("POST", "/texts", {"token": "acme_try_nobody", "json": HELLO}, 401, "who_are_you"),
        ("POST", "/texts", {"json": {"number": "0712345678", "words": "Hello"}}, 400, "not_so"),
        ("POST", "/texts", {"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "not_so"),
        ("GET", "/texts/none", {}, 404, "no_such_thing"),
        ("GET", "/nowhere", {}, 404, "no_such_thing"),
        ("DELETE", "/texts", {}, 405, "not_like_that"),
        ("POST", "/texts", {"json": {**HELLO, "words": "x" * 2**21}}, 413, "too_much"),
        ("POST", "/texts", {"data": "words", "headers": {"Content-Type": "text/plain"}}, 415, "not_json"),
    ],
)
def test_every_refusal_is_in_its_own_envelope(server, method, path, options, status, code):
    answer = call(server, method, path, **options)
    assert (answer.status_code, set(answer.json()), set(answer.json()["fault"])) == (status, {"fault"}, {"code", "text"})
    assert answer.json()["fault"]["code"] == code


def test_the_same_request_under_the_same_key_is_carried_out_once(server):
    once = {"Idempotency-Key": "acme-1"}
    first = call(server, "POST", "/texts", json=HELLO, headers=once)
    left = balance(server)
    again = call(server, "POST", "/texts", json=HELLO, headers=once)
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (202, first.json(), "true")
    assert balance(server) == left
    other = call(server, "POST", "/texts", json={**HELLO, "words": "Other"}, headers=once)
    assert (other.status_code, other.json()["fault"]["code"]) == (409, "already")


def test_the_documents_show_it_with_its_own_fields_errors_and_credentials(server):
    index = requests.get(f"{server.url}/docs", timeout=30).text
    assert "Five APIs, one gateway" in index and TOKEN in index
    page = requests.get(f"{server.url}/docs/acme", timeout=30).text
    assert "Acme Texts API" in page and TOKEN in page
    document = requests.get(f"{server.url}/docs/openapi/acme.json", timeout=30).json()
    assert set(document["paths"]) == {"/texts", "/texts/{text_id}"} and set(document["webhooks"]) == {"text.there", "text.lost"}
    number = document["components"]["schemas"]["Send"]["properties"]["number"]
    assert (number["pattern"], number["description"]) == (r"^\+\d", "A phone in E.164.")
    assert "| 401 | `who_are_you` |" in document["info"]["description"]
    answer = document["paths"]["/texts"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    Draft202012Validator(answer).validate(call(server, "POST", "/texts", json=HELLO).json())
    postman = requests.get(f"{server.url}/docs/postman/acme.json", timeout=30).json()
    assert {"key": "token", "value": TOKEN, "type": "string"} in postman["variable"]


def test_the_dashboard_mints_its_key_and_shows_its_first_message(server, boss):
    boss.pick(1)
    assert "By any of the five APIs" in boss.get("/start")
    assert f"curl {server.url}/acme/v2/texts" in boss.get("/start") and f"X-Acme-Token: {TOKEN}" in boss.get("/start")
    assert '<option value="acme">Acme Texts</option>' in boss.get("/keys")
    minted = boss.post("/keys", api="acme", wallet="wal_sandbox_acme", scopes=["send", "query"])
    token = re.search(r"acme_try_[A-Za-z0-9]{24}", minted)
    assert "Your new Acme Texts key" in minted and token
    sent = call(server, "POST", "/texts", token[0], json=HELLO)
    assert sent.status_code == 202
    shown = boss.get(f"/messages/{sent.json()['text_id']}")
    assert "Acme Texts API" in shown and f"curl {server.url}/acme/v2/texts" in shown


def test_its_webhook_goes_out_in_its_own_words_and_signature(server, told, receiver):
    sent = call(server, "POST", "/texts", json=HELLO).json()
    Server.wait_until(lambda: sent["text_id"] in {posted.json["text_id"] for posted in receiver.posted}, 10, "no webhook came")
    (posted,) = [posted for posted in receiver.posted if posted.json["text_id"] == sent["text_id"]]
    assert posted.json == {"event": "text.there", **sent, "state": "there"}
    signature = hmac.new(told.webhook["secret"].encode(), posted.body, "sha256").hexdigest()
    assert posted.headers["x-acme-signature"] == signature


def test_no_secret_of_its_shape_gets_into_the_log(server):
    call(server, "GET", "/texts/acme_live_s3cr3ts3cr3t")
    Server.wait_until(lambda: "/acme/v2/texts/…" in server.output(), 10, "the call was not logged")
    assert "s3cr3ts3cr3t" not in server.output()
