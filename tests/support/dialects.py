"""What the tests of all dialects need to know of each: one row a dialect. Only registered ones are run.

``bodies`` gives, for each route that takes JSON, requests that are right in every type; ``*`` stands for what is
variable in a path. A test fails for a route that is missing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

from wesend.accounts.credentials import Credentials
from wesend.dialects.dialect import Dialect
from wesend.sandbox.account import SENDERS

from .apis import Api, basic
from .published import CREDENTIALS, WALLETS

Headers = dict[str, str]


class Send(NamedTuple):
    """How one phone is sent to. ``id_at``: where its answer has what ``shown`` (a path with ``{}``) shows it by."""

    path: str
    body: Callable[[str], dict[str, Any]]
    id_at: str
    shown: str


@dataclass(frozen=True)
class Row:
    """``garbage``: headers that are no credentials at all; ``probe``: a GET that is always answered with 200."""

    name: str
    headers: Callable[[Credentials], Headers]
    refuses: Callable[[dict], bool]
    probe: str
    send: Send
    bodies: dict[str, tuple[dict[str, Any], ...]]
    garbage: tuple[Headers, ...] = ()
    no_body: frozenset[str] = field(default_factory=frozenset)  # carried out without one
    optional_body: frozenset[str] = field(default_factory=frozenset)
    uploads: frozenset[str] = field(default_factory=frozenset)  # multipart, up to 50 MB
    conflict: int = 422  # an Idempotency-Key with another request

    def api(self, app: Flask, credentials: Credentials | None = None) -> Api:
        """Calls with the sandbox's credentials, or others; paths start at the root."""
        return Api(app.test_client(), self.headers(credentials or CREDENTIALS[self.name]))

    def shows_refusal(self, response: TestResponse) -> bool:
        """Whether this is an error in the dialect's envelope."""
        shown = response.get_json(silent=True)
        return response.is_json and isinstance(shown, dict) and self.refuses(shown)


def _wesendall(shown: dict) -> bool:
    return (
        shown.get("success") is False
        and set(shown) <= {"success", "error", "message", "data"}
        and isinstance(shown["error"], str)
        and re.fullmatch("[a-z_]+", shown["error"]) is not None
        and shown["error"] != "http_error"
        and isinstance(shown["message"], str)
        and bool(shown["message"])
    )


def _field_errors(detail) -> bool:
    return isinstance(detail, list) and bool(detail) and all({"loc", "msg", "type"} <= set(item) for item in detail)


def _wasambazie(shown: dict) -> bool:
    detail = shown.get("detail")
    return set(shown) == {"detail"} and (isinstance(detail, str) and bool(detail) or _field_errors(detail))


def _esms(shown: dict) -> bool:
    """Below two-way the same stands beside it as `error`."""
    detail = shown.get("detail")
    return set(shown) <= {"detail", "error"} and (
        isinstance(detail, dict) and {"code", "message"} <= set(detail) or _field_errors(detail)
    )


def _worldledgers(shown: dict) -> bool:
    return (
        shown.get("status") == "error" and isinstance(shown.get("message"), str) and set(shown) <= {"status", "message", "errors"}
    )


WALLET = WALLETS["wesendall"][0]
PHONE = "+256712345678"
ROWS = {
    row.name: row
    for row in (
        Row(
            "wesendall",
            lambda given: {"Authorization": basic(given.public or "", given.secret)},
            _wesendall,
            f"/api/v1/account/balance?walletId={WALLET}",
            Send(
                "/api/v1/sms/send",
                lambda to: {"walletId": WALLET, "message": "Hi", "recipient": to},
                "data.batch_id",
                f"/api/v1/sms/history?walletId={WALLET}",
            ),
            {
                "/api/v1/sms/send": (
                    {"walletId": WALLET, "message": "Hi", "recipient": PHONE, "senderId": SENDERS[0]},
                    {"walletId": WALLET, "message": "Hi", "recipient": [PHONE]},
                ),
                "/api/v1/sms/group": ({"walletId": WALLET, "message": "Hi", "groupId": 1, "senderId": SENDERS[0]},),
                "/api/v1/groups": ({"walletId": WALLET, "name": "Parents", "description": "Of class 7"},),
                "/api/v1/groups/*/contacts": (
                    {"walletId": WALLET, "phone": "+256712000001", "name": "Eve"},
                    {"walletId": WALLET, "contacts": [{"phone": "+256712000001"}]},
                ),
                "/api/v1/account/topup": (
                    {"walletId": WALLET, "amount": 500, "phone": PHONE, "provider": "MTN"},
                    {"walletId": WALLET, "amount": 500, "phoneNumber": PHONE},
                ),
            },
            garbage=(
                {"Authorization": "Basic !!!"},
                {"Authorization": "Basic " + "A" * 5000},
                {"Authorization": "Basic"},
                {"Authorization": "Basic Og=="},
                {"Authorization": "Basic /////w=="},
                {"Authorization": "Bearer x"},
                {"Authorization": basic(CREDENTIALS["wesendall"].public or "", "")},
            ),
        ),
        Row(
            "wasambazie",
            lambda given: {"X-API-PUBLIC-KEY": given.public or "", "X-API-SECRET-KEY": given.secret},
            _wasambazie,
            "/v1/balance",
            Send(
                "/v1/sms/send",
                lambda to: {"to_number": to, "message": "Hi", "sender_id": SENDERS[0]},
                "message_batch_id",
                "/v1/sms/delivery-reports/{}",
            ),
            {"/v1/sms/send": ({"to_number": "+255712345678", "message": "Hi", "sender_id": SENDERS[0]},)},
            garbage=(
                {"X-API-PUBLIC-KEY": CREDENTIALS["wasambazie"].public or ""},
                {"X-API-SECRET-KEY": CREDENTIALS["wasambazie"].secret},
                {"X-API-PUBLIC-KEY": "\xff", "X-API-SECRET-KEY": "\xff"},
            ),
        ),
        Row(
            "esms",
            lambda given: {"Authorization": f"Bearer {given.secret}"},
            _esms,
            "/api/balance",
            Send("/api/messages/send", lambda to: {"to": to, "text": "Hi"}, "id", "/api/messages/{}"),
            {
                "/api/messages/send": (
                    {"to": PHONE, "text": "Hi", "sender_id": SENDERS[1], "route": "ESMS_UG", "schedule_mode": "now"},
                ),
                "/api/messages/bulk-precheck": ({"contact_list_ids": [1], "text": "Hi", "sender_id": SENDERS[1]},),
                "/api/messages/rate": ({"to": PHONE, "text": "Hi", "route": "ESMS_UG"}, {"to": [PHONE], "text": "Hi"}),
                "/api/messages/validate": ({"phone": PHONE}, {"phone": [PHONE]}),
                "/api/opt-outs": ({"phone": "+256712000009"},),
                "/api/two-way/services": (
                    {
                        "country_code": "UG",
                        "type": "shared",
                        "keyword": "ORDERS",
                        "use_case": "Customers write what they want to order",
                        "company_name": "Shop",
                    },
                ),
                "/api/two-way/services/*/reply": ({"to": PHONE, "text": "Thank you"},),
                "/api/verify/start": ({"to": PHONE, "sender_id": SENDERS[1], "code_length": 6, "expiry_seconds": 60},),
                "/api/verify/check": ({"code": "123456", "to": PHONE},),
                "/api/verify/apps": ({"name": "Shop", "sender_id": SENDERS[1], "code_length": 6, "max_resends": 1},),
                "/api/messages/send-bulk": (
                    {"contact_list_ids": [1], "text": "Hi", "sender_id": SENDERS[1], "schedule_mode": "now"},
                    {"contact_list_ids": [1], "text": "Hi", "schedule_mode": "drip", "drip_rate": 60},
                    {"recipients": [{"to": PHONE, "name": "Ann", "vars": {"city": "Gulu"}}], "text": "Hi"},
                ),
                "/api/balance/topup": ({"amount": 500, "phone": "+254712345678"},),
                "/api/webhooks": ({"dlr_url": "https://example.com/dlr", "mo_url": "https://example.com/mo", "is_active": True},),
                "/api/sender-ids": ({"name": "NEWBRAND", "countries": ["UG"], "use_case": "Codes"},),
            },
            garbage=({"Authorization": "Bearer"}, {"Authorization": "Bearer \xff"}, {"Authorization": "Basic Og=="}),
            no_body=frozenset(
                {
                    "/api/two-way/services/*/cancel",
                    "/api/two-way/services/*/test-webhook",
                    "/api/verify/*/resend",
                    "/api/verify/*/cancel",
                    "/api/messages/*/retry",
                    "/api/messages/*/cancel",
                    "/api/messages/batch/*/cancel",
                    "/api/webhooks/rotate-secret",
                }
            ),
            optional_body=frozenset({"/api/balance/topup", "/api/webhooks"}),
            uploads=frozenset({"/api/contact-lists"}),
            conflict=409,
        ),
        Row(
            "worldledgers",
            lambda given: {"X-API-Key": given.secret},
            _worldledgers,
            "/api/v1/communication/sms-credits/balance",
            Send(
                "/api/v1/communication/sms",
                lambda to: {"recipients": [to], "message": "Hi"},
                "data.message_ids.0",
                "/api/v1/communication/sms/{}",
            ),
            {
                "/api/v1/communication/sms": (
                    {
                        "message": "Hi",
                        "recipients": ["0712345678"],
                        "reference": "r-1",
                        "sender_id": SENDERS[0],
                        "send_at": "2020-01-01 10:00:00",
                    },
                ),
                "/api/v1/communication/email": (
                    {
                        "subject": "Hi",
                        "message": "Hello",
                        "recipients": ["a@example.com"],
                        "reference": "r-1",
                        "send_at": "2020-01-01 10:00:00",
                    },
                ),
                "/api/v1/communication/sms-credits/purchase": ({"phone": "0712345678", "amount": 500},),
            },
            garbage=({"X-API-Key": "\xff"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic Og=="}),
        ),
    )
}


class Route(NamedTuple):
    """One method of one path; ``path`` can be called, ``pattern`` has ``*`` where it is variable."""

    row: Row
    method: str
    path: str
    pattern: str


def registered(app: Flask) -> list[tuple[Dialect, Row]]:
    """The dialects of this application, each with its row."""
    return [(dialect, ROWS[dialect.name]) for dialect in app.extensions["wesend.dialects"]]


def routes(app: Flask, *methods: str, public: bool = False) -> Iterator[Route]:
    """Every route of every dialect (of these methods; without credentials' need only when ``public``)."""
    for dialect, row in registered(app):
        for rule in app.url_map.iter_rules():
            if rule.endpoint.split(".")[0] != dialect.name or (rule.endpoint in dialect.public_endpoints) != public:
                continue
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if not methods or method in methods:
                    yield Route(row, method, re.sub("<[^>]*>", "1", rule.rule), re.sub("<[^>]*>", "*", rule.rule))


def body_routes(app: Flask) -> list[Route]:
    """Routes that read a JSON body."""
    return [route for route in routes(app, "POST", "PUT") if route.pattern not in route.row.no_body | route.row.uploads]
