"""The wall between the sandbox and live: every route of every dialect, by a test key at what is live, and the reverse.

The routes are read from the application: a new one fails here until it has its row. A row's requests come in two kinds.
``names``: each names one thing of the other side and is answered word for word as for an id that does not exist.
``shows``: it names nothing, is carried out, and tells nothing of the other side. Neither changes a row of the other side.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from wesend.accounts.sides import LIVE, SANDBOX, Side

from ..conftest import close, make_app
from ..support.dialects import routes
from ..support.sides import Both, Things, told


class Ask(NamedTuple):
    """What a request holds beside its method: ``path`` where the route's own is variable."""

    path: str
    json: dict[str, Any] | None = None
    query: dict[str, Any] | None = None
    files: bool = False


Asking = Callable[[Things, Things], Ask]
"""(the asker's own things, the things to name) → a request."""


class Row(NamedTuple):
    names: tuple[Asking, ...] = ()
    shows: tuple[Asking, ...] = ()


def _wallet(path: str, method: str = "GET", **body: Any) -> Asking:
    """A Wesendall call that names a wallet, and nothing else of an account's."""
    if method == "POST":
        return lambda own, named: Ask(path, {"walletId": named.wallet, **body})
    return lambda own, named: Ask(path, query={"walletId": named.wallet, **body})


def _group(path: str, body: Callable[[Things], dict] | None = None) -> Asking:
    """A Wesendall call with a wallet of one's own, and a group that is named in the path."""

    def ask(own: Things, named: Things) -> Ask:
        found, wallet = path.format(group=named.group, contact=named.contact), {"walletId": own.wallet}
        return Ask(found, {**wallet, **body(own)}) if body else Ask(found, query=wallet)

    return ask


def _plain(path: str, json: dict[str, Any] | None = None) -> Asking:
    return lambda own, named: Ask(path.format(named=named, own=own), json)


def _own(ask: Asking) -> Asking:
    """The same request, naming what is one's own."""
    return lambda own, named: ask(own, own)


WESENDALL, ESMS, LETTERS = "/api/v1", "/api", "/api/v1/communication"
SEND_WALLET = _wallet(f"{WESENDALL}/sms/send", "POST", message="Hi", recipient="0712345678")
HISTORY = _wallet(f"{WESENDALL}/sms/history")
GROUPS = _wallet(f"{WESENDALL}/groups")
BALANCE = _wallet(f"{WESENDALL}/account/balance")
TOP_UP = _wallet(f"{WESENDALL}/account/topup", "POST", amount=500, phone="0712345678")
CONTACT = {"phone": "0712345678", "name": "Eve"}


def _bulk(path: str) -> Row:
    def at(own: Things, named: Things, **changed: Any) -> Ask:
        return Ask(path, {"contact_list_ids": [own.group], "text": "Hi {{word}}", **changed})

    return Row(
        names=(
            lambda own, named: at(own, named, contact_list_ids=[named.group]),
            lambda own, named: at(own, named, contact_list_ids=[own.group, named.group]),
            lambda own, named: at(own, named, sender_id=named.sender),
        ),
        shows=(at,),
    )


ROUTES: dict[tuple[str, str, str], Row] = {
    # -- Wesendall
    ("wesendall", "POST", "/api/v1/sms/send"): Row(
        names=(
            SEND_WALLET,
            lambda own, named: Ask(
                f"{WESENDALL}/sms/send",
                {"walletId": own.wallet, "message": "Hi", "recipient": "0712345678", "senderId": named.sender},
            ),
        ),
        shows=(_own(SEND_WALLET),),
    ),
    ("wesendall", "POST", "/api/v1/sms/group"): Row(
        names=(
            lambda own, named: Ask(f"{WESENDALL}/sms/group", {"walletId": named.wallet, "groupId": own.group, "message": "Hi"}),
            lambda own, named: Ask(f"{WESENDALL}/sms/group", {"walletId": own.wallet, "groupId": named.group, "message": "Hi"}),
            lambda own, named: Ask(
                f"{WESENDALL}/sms/group", {"walletId": own.wallet, "groupId": own.group, "message": "Hi", "senderId": named.sender}
            ),
        ),
        shows=(
            lambda own, named: Ask(
                f"{WESENDALL}/sms/group", {"walletId": own.wallet, "groupId": own.group, "message": "Hi {{name}}"}
            ),
        ),
    ),
    ("wesendall", "GET", "/api/v1/sms/history"): Row(
        names=(HISTORY,),
        shows=(
            _own(HISTORY),
            lambda own, named: Ask(f"{WESENDALL}/sms/history", query={"walletId": own.wallet, "recipient": named.phone}),
        ),
    ),
    ("wesendall", "POST", "/api/v1/groups"): Row(
        names=(_wallet(f"{WESENDALL}/groups", "POST", name="New"),),
        shows=(lambda own, named: Ask(f"{WESENDALL}/groups", {"walletId": own.wallet, "name": "One of one's own"}),),
    ),
    ("wesendall", "GET", "/api/v1/groups"): Row(names=(GROUPS,), shows=(_own(GROUPS),)),
    ("wesendall", "DELETE", "/api/v1/groups/*"): Row(
        names=(
            _group(f"{WESENDALL}/groups/{{group}}"),
            lambda own, named: Ask(f"{WESENDALL}/groups/{own.group}", query={"walletId": named.wallet}),
        )
    ),
    ("wesendall", "GET", "/api/v1/groups/*/contacts"): Row(
        names=(_group(f"{WESENDALL}/groups/{{group}}/contacts"),), shows=(_own(_group(f"{WESENDALL}/groups/{{group}}/contacts")),)
    ),
    ("wesendall", "POST", "/api/v1/groups/*/contacts"): Row(
        names=(
            _group(f"{WESENDALL}/groups/{{group}}/contacts", lambda own: {"contacts": [CONTACT]}),
            _group(f"{WESENDALL}/groups/{{group}}/contacts", lambda own: CONTACT),
        )
    ),
    ("wesendall", "DELETE", "/api/v1/groups/*/contacts/*"): Row(
        names=(
            _group(f"{WESENDALL}/groups/{{group}}/contacts/{{contact}}"),
            lambda own, named: Ask(f"{WESENDALL}/groups/{own.group}/contacts/{named.contact}", query={"walletId": own.wallet}),
        )
    ),
    ("wesendall", "GET", "/api/v1/account/balance"): Row(names=(BALANCE,), shows=(_own(BALANCE),)),
    ("wesendall", "POST", "/api/v1/account/topup"): Row(names=(TOP_UP,)),
    ("wesendall", "GET", "/api/v1/account/topup/*"): Row(
        names=(
            lambda own, named: Ask(f"{WESENDALL}/account/topup/{named.deposit}", query={"walletId": own.wallet}),
            lambda own, named: Ask(f"{WESENDALL}/account/topup/{own.deposit}", query={"walletId": named.wallet}),
        )
    ),
    # -- Wasambazie
    ("wasambazie", "POST", "/v1/sms/send"): Row(
        names=(lambda own, named: Ask("/v1/sms/send", {"to_number": "0712345678", "message": "Hi", "sender_id": named.sender}),),
        shows=(lambda own, named: Ask("/v1/sms/send", {"to_number": own.phone, "message": "Hi", "sender_id": own.sender}),),
    ),
    ("wasambazie", "GET", "/v1/sms/delivery-reports/*"): Row(
        names=(_plain("/v1/sms/delivery-reports/{named.report}"),), shows=(_plain("/v1/sms/delivery-reports/{own.report}"),)
    ),
    ("wasambazie", "GET", "/v1/balance/"): Row(shows=(_plain("/v1/balance/"),)),
    # -- eSMS
    ("esms", "POST", "/api/messages/send"): Row(
        names=(lambda own, named: Ask(f"{ESMS}/messages/send", {"to": own.phone, "text": "Hi", "sender_id": named.sender}),),
        shows=(lambda own, named: Ask(f"{ESMS}/messages/send", {"to": own.phone, "text": "Hi", "sender_id": own.sender}),),
    ),
    ("esms", "POST", "/api/messages/bulk-precheck"): _bulk(f"{ESMS}/messages/bulk-precheck"),
    ("esms", "POST", "/api/messages/send-bulk"): _bulk(f"{ESMS}/messages/send-bulk"),
    ("esms", "POST", "/api/messages/rate"): Row(
        shows=(lambda own, named: Ask(f"{ESMS}/messages/rate", {"to": own.phone, "text": "Hi"}),)
    ),
    ("esms", "POST", "/api/messages/validate"): Row(shows=(_plain(f"{ESMS}/messages/validate", {"phone": "0712345678"}),)),
    ("esms", "GET", "/api/messages/status"): Row(names=(_plain(f"{ESMS}/messages/status?ids={{named.message}}"),)),
    ("esms", "POST", "/api/verify/start"): Row(
        names=(
            lambda own, named: Ask(f"{ESMS}/verify/start", {"to": own.phone, "sender_id": named.sender}),
            lambda own, named: Ask(f"{ESMS}/verify/start", {"to": own.phone, "app_id": named.app}),
        ),
        shows=(lambda own, named: Ask(f"{ESMS}/verify/start", {"to": own.phone, "sender_id": own.sender}),),
    ),
    ("esms", "POST", "/api/verify/check"): Row(
        names=(
            lambda own, named: Ask(f"{ESMS}/verify/check", {"code": "1", "verification_id": named.verification}),
            lambda own, named: Ask(f"{ESMS}/verify/check", {"code": "1", "to": named.verified}),
        )
    ),
    ("esms", "GET", "/api/verify"): Row(
        names=(
            lambda own, named: Ask(f"{ESMS}/verify", query={"to": named.verified}),
            lambda own, named: Ask(f"{ESMS}/verify", query={"app_id": named.app}),
        ),
        shows=(_plain(f"{ESMS}/verify?limit=100"),),
    ),
    ("esms", "GET", "/api/verify/*"): Row(names=(_plain(f"{ESMS}/verify/{{named.verification}}"),)),
    ("esms", "POST", "/api/verify/*/resend"): Row(names=(_plain(f"{ESMS}/verify/{{named.verification}}/resend"),)),
    ("esms", "POST", "/api/verify/*/cancel"): Row(names=(_plain(f"{ESMS}/verify/{{named.verification}}/cancel"),)),
    ("esms", "GET", "/api/verify/apps"): Row(shows=(_plain(f"{ESMS}/verify/apps"),)),
    ("esms", "POST", "/api/verify/apps"): Row(shows=(_plain(f"{ESMS}/verify/apps", {"name": "One's own"}),)),
    ("esms", "GET", "/api/verify/apps/*"): Row(names=(_plain(f"{ESMS}/verify/apps/{{named.app}}"),)),
    ("esms", "PATCH", "/api/verify/apps/*"): Row(names=(_plain(f"{ESMS}/verify/apps/{{named.app}}", {"name": "X"}),)),
    ("esms", "DELETE", "/api/verify/apps/*"): Row(names=(_plain(f"{ESMS}/verify/apps/{{named.app}}"),)),
    ("esms", "GET", "/api/verify/apps/*/stats"): Row(names=(_plain(f"{ESMS}/verify/apps/{{named.app}}/stats"),)),
    ("esms", "GET", "/api/two-way/countries"): Row(shows=(_plain(f"{ESMS}/two-way/countries"),)),
    ("esms", "GET", "/api/two-way/services"): Row(shows=(_plain(f"{ESMS}/two-way/services"),)),
    ("esms", "POST", "/api/two-way/services"): Row(
        shows=(
            lambda own, named: Ask(
                f"{ESMS}/two-way/services",
                {"country_code": "KE", "type": "shared", "keyword": "MINE", "use_case": "A new one of ours", "company_name": "Own"},
            ),
        )
    ),
    ("esms", "GET", "/api/two-way/services/*"): Row(names=(_plain(f"{ESMS}/two-way/services/{{named.service}}"),)),
    ("esms", "PATCH", "/api/two-way/services/*"): Row(
        names=(_plain(f"{ESMS}/two-way/services/{{named.service}}", {"auto_reply_text": "Hi"}),)
    ),
    ("esms", "POST", "/api/two-way/services/*/cancel"): Row(names=(_plain(f"{ESMS}/two-way/services/{{named.service}}/cancel"),)),
    ("esms", "POST", "/api/two-way/services/*/test-webhook"): Row(
        names=(_plain(f"{ESMS}/two-way/services/{{named.service}}/test-webhook"),)
    ),
    ("esms", "GET", "/api/two-way/services/*/messages"): Row(
        names=(_plain(f"{ESMS}/two-way/services/{{named.service}}/messages"),)
    ),
    ("esms", "POST", "/api/two-way/services/*/reply"): Row(
        names=(lambda own, named: Ask(f"{ESMS}/two-way/services/{named.service}/reply", {"to": "+256712345678", "text": "Hi"}),)
    ),
    ("esms", "GET", "/api/two-way/keywords/check"): Row(
        names=(lambda own, named: Ask(f"{ESMS}/two-way/keywords/check", query={"keyword": named.keyword, "country_code": "UG"}),)
    ),
    ("esms", "GET", "/api/opt-outs"): Row(shows=(_plain(f"{ESMS}/opt-outs"),)),
    ("esms", "POST", "/api/opt-outs"): Row(shows=(_plain(f"{ESMS}/opt-outs", {"phone": "+256712999998"}),)),
    ("esms", "DELETE", "/api/opt-outs/*"): Row(names=(_plain(f"{ESMS}/opt-outs/{{named.phone}}"),)),
    ("esms", "GET", "/api/auth/me"): Row(shows=(_plain(f"{ESMS}/auth/me"),)),
    ("esms", "GET", "/api/workspace"): Row(shows=(_plain(f"{ESMS}/workspace"),)),
    ("esms", "GET", "/api/messages"): Row(
        names=(lambda own, named: Ask(f"{ESMS}/messages", query={"batch_id": named.batch}),),
        shows=(
            _plain(f"{ESMS}/messages?limit=100"),
            _plain(f"{ESMS}/messages?status=scheduled"),
            lambda own, named: Ask(f"{ESMS}/messages", query={"to": named.phone}),
        ),
    ),
    ("esms", "GET", "/api/messages/*"): Row(names=(_plain(f"{ESMS}/messages/{{named.message}}"),)),
    ("esms", "POST", "/api/messages/*/retry"): Row(names=(_plain(f"{ESMS}/messages/{{named.message}}/retry"),)),
    ("esms", "POST", "/api/messages/*/cancel"): Row(names=(_plain(f"{ESMS}/messages/{{named.message}}/cancel"),)),
    ("esms", "GET", "/api/messages/batch/*"): Row(names=(_plain(f"{ESMS}/messages/batch/{{named.batch}}"),)),
    ("esms", "POST", "/api/messages/batch/*/cancel"): Row(names=(_plain(f"{ESMS}/messages/batch/{{named.batch}}/cancel"),)),
    ("esms", "GET", "/api/messages/stats"): Row(shows=(_plain(f"{ESMS}/messages/stats"),)),
    ("esms", "GET", "/api/messages/volume"): Row(shows=(_plain(f"{ESMS}/messages/volume"),)),
    ("esms", "GET", "/api/messages/export"): Row(
        names=(lambda own, named: Ask(f"{ESMS}/messages/export", query={"batch_id": named.batch}),),
        shows=(_plain(f"{ESMS}/messages/export"), lambda own, named: Ask(f"{ESMS}/messages/export", query={"to": named.phone})),
    ),
    ("esms", "GET", "/api/balance"): Row(shows=(_plain(f"{ESMS}/balance"),)),
    ("esms", "GET", "/api/balance/transactions"): Row(shows=(_plain(f"{ESMS}/balance/transactions?limit=100"),)),
    ("esms", "POST", "/api/balance/topup"): Row(shows=(_plain(f"{ESMS}/balance/topup"),)),
    ("esms", "POST", "/api/contact-lists"): Row(
        shows=(lambda own, named: Ask(f"{ESMS}/contact-lists", {"name": "A list of one's own"}, files=True),)
    ),
    ("esms", "GET", "/api/contact-lists"): Row(shows=(_plain(f"{ESMS}/contact-lists"),)),
    ("esms", "GET", "/api/contact-lists/*"): Row(names=(_plain(f"{ESMS}/contact-lists/{{named.group}}"),)),
    ("esms", "GET", "/api/contact-lists/*/contacts"): Row(names=(_plain(f"{ESMS}/contact-lists/{{named.group}}/contacts"),)),
    ("esms", "DELETE", "/api/contact-lists/*"): Row(names=(_plain(f"{ESMS}/contact-lists/{{named.group}}"),)),
    ("esms", "GET", "/api/webhooks"): Row(shows=(_plain(f"{ESMS}/webhooks"),)),
    ("esms", "PUT", "/api/webhooks"): Row(
        shows=(_plain(f"{ESMS}/webhooks", {"dlr_url": "https://new.example/"}), _plain(f"{ESMS}/webhooks", {"mo_url": None}))
    ),
    ("esms", "POST", "/api/webhooks/rotate-secret"): Row(shows=(_plain(f"{ESMS}/webhooks/rotate-secret"),)),
    ("esms", "POST", "/api/sender-ids"): Row(shows=(_plain(f"{ESMS}/sender-ids", {"name": "NEWBRAND", "countries": ["UG"]}),)),
    ("esms", "GET", "/api/sender-ids"): Row(shows=(_plain(f"{ESMS}/sender-ids"),)),
    ("esms", "GET", "/api/routes"): Row(shows=(_plain(f"{ESMS}/routes"),)),
    ("esms", "GET", "/api/routes/*"): Row(shows=(_plain(f"{ESMS}/routes/ESMS_UG"),)),
    ("esms", "GET", "/api/routes/health"): Row(shows=(_plain(f"{ESMS}/routes/health"),)),
    # -- World Ledgers
    ("worldledgers", "POST", "/api/v1/communication/sms"): Row(
        names=(
            lambda own, named: Ask(f"{LETTERS}/sms", {"message": "Hi", "recipients": ["0712345678"], "sender_id": named.sender}),
        ),
        shows=(lambda own, named: Ask(f"{LETTERS}/sms", {"message": "Hi {word}", "recipients": ["0712345678"]}),),
    ),
    ("worldledgers", "POST", "/api/v1/communication/email"): Row(
        shows=(
            lambda own, named: Ask(
                f"{LETTERS}/email", {"subject": "Hi", "message": "Hi {word}", "recipients": ["ann@example.com"]}
            ),
        )
    ),
    ("worldledgers", "GET", "/api/v1/communication/sms/*"): Row(
        names=(_plain(f"{LETTERS}/sms/{{named.sms}}"), _plain(f"{LETTERS}/sms/{{named.mail}}"))
    ),
    ("worldledgers", "GET", "/api/v1/communication/email/*"): Row(
        names=(_plain(f"{LETTERS}/email/{{named.mail}}"), _plain(f"{LETTERS}/email/{{named.sms}}"))
    ),
    ("worldledgers", "GET", "/api/v1/communication/sms-credits/balance"): Row(shows=(_plain(f"{LETTERS}/sms-credits/balance"),)),
    ("worldledgers", "POST", "/api/v1/communication/sms-credits/purchase"): Row(
        shows=(_plain(f"{LETTERS}/sms-credits/purchase", {"phone": "0712345678", "amount": 500}),)
    ),
    ("worldledgers", "GET", "/api/v1/communication/sms-credits/purchase/*"): Row(
        names=(_plain(f"{LETTERS}/sms-credits/purchase/{{named.purchase}}"),)
    ),
}
NO_LIVE_MONEY = {("worldledgers", "POST", "/api/v1/communication/sms-credits/purchase")}
"""Carried out by a test key alone: here is no gateway that could ask a live payer."""
CASES = [pytest.param(key, side, id=f"{side} key: {' '.join(key)}") for key in ROUTES for side in (SANDBOX, LIVE)]


@pytest.fixture(scope="module")
def both(copy_instance, tmp_path_factory) -> Iterator[Both]:
    """Made once: no request here changes what another's case looks at."""
    folder = tmp_path_factory.mktemp("sides") / "instance"
    copy_instance(folder)
    app = make_app(folder, WESEND_RATE_LIMIT="100000")
    yield Both(app)
    close(app)


def other_of(side: Side) -> Side:
    return LIVE if side == SANDBOX else SANDBOX


def call(both: Both, key: tuple[str, str, str], side: Side, ask: Ask):
    options: dict[str, Any] = {"query_string": ask.query} if ask.query else {}
    if ask.files:
        options["data"] = {**(ask.json or {}), "file": (io.BytesIO(b"phone\n+256712999999\n"), "a.csv")}
    elif ask.json is not None:
        options["json"] = ask.json
    return both[side].apis[key[0]].call(key[1], ask.path, **options)


def test_every_route_of_every_dialect_has_its_row(both):
    found = {(route.row.name, route.method, route.pattern) for route in routes(both.app)}
    assert found == set(ROUTES), "a new route needs a row here: what of the other side could it name, or show?"
    assert all(row.names or row.shows for row in ROUTES.values())


@pytest.mark.parametrize("key,side", CASES)
def test_what_is_of_the_other_side_does_not_exist(both, key, side):
    other = other_of(side)
    before = both.rows_of(other)
    for ask in ROUTES[key].names:
        refused = call(both, key, side, ask(both[side], both[other]))
        assert told(refused, both[other]) == told(call(both, key, side, ask(both[side], both.nothing)), both.nothing)
        assert refused.status_code in (200, 403, 404, 422), "a list of nothing, or refused"
        assert both[other].mark not in refused.text
    assert both.rows_of(other) == before


@pytest.mark.parametrize("key,side", CASES)
def test_what_names_nothing_of_the_other_side_shows_nothing_of_it_and_leaves_it_alone(both, key, side):
    other = other_of(side)
    before = both.rows_of(other)
    for ask in ROUTES[key].shows:
        wanted = ask(both[side], both[other])
        answer = call(both, key, side, wanted)
        if not (key in NO_LIVE_MONEY and side == LIVE):
            assert 200 <= answer.status_code < 300, answer.text
        given = f"{wanted.json}{wanted.query}{wanted.path}".lower()
        shown = [name for name in (both[other].mark, *both[other].ids()) if len(name) > 8 and name.lower() not in given]
        assert [name for name in shown if name.lower() in answer.text.lower()] == []
    assert both.rows_of(other) == before
