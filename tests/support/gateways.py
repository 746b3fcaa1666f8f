"""Gateways as an operator sets them up, pointed at a fake vendor, and their callbacks as the vendor calls them."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.adapters.adapters import GIVEN
from wesend.gateways import service
from wesend.messages.receipts import inbox as receipt_inbox

ACTOR = "test"
NOWHERE = "http://127.0.0.1:9"  # for gateways that are not called


def set_up(kind: str, url: str = NOWHERE, name: str | None = None, secrets: dict | None = None, **options) -> service.GatewayInfo:
    """A gateway of a type with what it needs; named as its type unless told."""
    usual, usual_secrets = GIVEN[kind]
    address = {"url": url + "/send"} if kind == "http" else {"base_url": url}
    given = {key: str(value) for key, value in options.items()}
    return service.set_gateway(name or kind, kind, {**address, **usual, **given}, {**usual_secrets, **(secrets or {})}, actor=ACTOR)


def path_of(info: service.GatewayInfo) -> str:
    """The path of its callback address."""
    assert info.callback_url is not None
    return "/callbacks/" + info.callback_url.split("/callbacks/", 1)[1]


class Vendor:
    """Calls a gateway's callback address."""

    def __init__(self, app: Flask, info: service.GatewayInfo):
        self.app, self.path = app, path_of(info)
        self.client: FlaskClient = app.test_client()

    def __call__(self, *, method: str = "POST", path: str | None = None, query: str = "", **options) -> TestResponse:
        return self.client.open((path or self.path) + query, method=method, **options)

    def match(self) -> int:
        """The job that makes something of receipts."""
        with self.app.app_context():
            return receipt_inbox.match_new()
