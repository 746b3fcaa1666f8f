"""Gateways that hold a connection report receipts on threads of their own. What takes them in is loaded with the first."""

from __future__ import annotations

from functools import partial

from flask import Flask

from ...adapters.sms.base import CallbackReceipt, SmsGateway
from ...coordination import binds
from ...gateways import registry


def init_app(app: Flask) -> None:
    registry.when_built(app, partial(_connect, app))


def _connect(app: Flask, adapter: SmsGateway) -> None:
    if hasattr(adapter, "on_receipt"):

        def on_receipt(receipts: list[CallbackReceipt]) -> None:
            from . import inbox

            with app.app_context():
                inbox.take(adapter.name, receipts)

        adapter.on_receipt = on_receipt
    if hasattr(adapter, "on_reports"):

        def on_reports(receipts: list[CallbackReceipt]) -> None:
            from . import inbox

            inbox.keep(adapter.name, receipts)

        adapter.on_reports = on_reports
    if hasattr(adapter, "on_bind"):
        adapter.on_bind = partial(binds.take, app, adapter.name)
