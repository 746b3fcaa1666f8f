"""The cURL commands that the dashboard hands out: one for every call of Wesendall's API, and each of them works."""

from __future__ import annotations

import base64
import re
import shlex
from html import unescape
from typing import NamedTuple

import pytest

from wesend.dialects.wesendall.commands import PREFIX, SECTIONS
from wesend.sandbox.account import ensure_sandbox

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of

OURS = re.compile(rf"{PREFIX}/(sms|groups|account)\b")


def shape(path: str) -> str:
    """A path whatever its ids are called."""
    return re.sub(r"<[^>]+>|[A-Z_]{4,}", "*", path)


def test_every_call_of_the_api_has_a_command(app):
    rules = {
        (method, shape(rule.rule))
        for rule in app.url_map.iter_rules()
        if OURS.match(rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert rules == {(command.method, shape(PREFIX + command.path)) for section in SECTIONS.values() for command in section}


class Words(NamedTuple):
    """A command as a shell reads it."""

    method: str
    url: str
    options: dict[str, str]


def commands_of(page) -> list[Words]:
    found = []
    for text in re.findall(r"<code>(curl -X .*?)</code>", page.text, re.DOTALL):
        _, _, method, url, *options = shlex.split(unescape(text).replace("\\\n", ""))
        found.append(Words(method, url, dict(zip(options[::2], options[1::2], strict=True))))
    return found


def run(app, command: Words, ids: dict[str, str]):
    """As curl would, with the ids of earlier answers put in."""

    def fill(text: str) -> str:
        return re.sub("[A-Z]+_ID", lambda name: ids[name[0]], text)

    token = base64.b64encode(command.options["-u"].encode()).decode()
    return app.test_client().open(
        fill(command.url).removeprefix("http://127.0.0.1:8000"),
        method=command.method,
        data=fill(command.options.get("-d", "")),
        content_type="application/json",
        headers={"Authorization": f"Basic {token}"},
    )


@pytest.fixture
def sandbox(app_with):
    """The application with its sandbox, and an owner of the sandbox account."""
    app = app_with(WESEND_SANDBOX="1")
    with app.app_context():
        account_id = ensure_sandbox()
    return app, Visitor(app, make_user(app, "owner", account_id))


def test_the_sandboxs_commands_run_as_they_are_once_ids_are_put_in(sandbox):
    app, owner = sandbox
    found = commands_of(owner.get("/keys/commands?wallet=wal_sandbox_wesendall"))
    assert len(found) == sum(map(len, SECTIONS.values()))
    ids: dict[str, str] = {}
    # A group before what is sent to it, and what is deleted last.
    for command in sorted(found, key=lambda command: (command.method == "DELETE", "/groups" not in command.url)):
        answer = run(app, command, ids)
        assert answer.status_code in (200, 201, 202, 204), (command, answer.text)
        data = answer.json["data"] if answer.text else {}
        if command.method == "POST" and command.url.endswith("/groups"):
            ids["GROUP_ID"] = str(data["id"])
        if "contacts" in data:
            ids["CONTACT_ID"] = str(data["contacts"][0]["id"])
        if "deposit_id" in data:
            ids["DEPOSIT_ID"] = data["deposit_id"]


def test_an_account_of_ones_own_puts_its_key_in_and_names_no_others_wallet(app, shop, owner):
    page = owner.get(f"/keys/commands?wallet={mint(app).wallet}")
    assert all(shop.wallet in command.url + command.options.get("-d", "") for command in commands_of(page))
    assert "YOUR_API_KEY:YOUR_API_SECRET" in page.text and "sandbox_secret" not in page.text


def test_an_account_without_a_wallet_is_told_what_is_missing(operator):
    operator.post("/operator/accounts", name="New", country="UG")
    assert "No wallet yet" in text_of(operator.get("/keys/commands"))
