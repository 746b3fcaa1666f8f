"""wesend: a self-hosted SMS and e-mail gateway. The application factory; only wiring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__version__ = "0.1.0"

from flask import Flask

from . import callbacks, cli, dashboard, database, docs, models, smpp
from .accounts import api_calls, key_use
from .coordination import bell, call_slots, cluster, pace, rate_limit
from .core import networks, request_ids, secret, settings, storage, thread_slots
from .dialects import DIALECTS
from .dialects.dialect import register_http_errors
from .gateways import balances, registry, request_limits, vendors
from .messages.dispatch import submit
from .messages.receipts import inbox as receipt_inbox
from .messages.sending import opted_out
from .sandbox import api as sandbox_api
from .two_way import conversations, incoming, matching
from .web import api_sessions, health, logs, metrics, response_headers, unstorable


class Wesend(Flask):
    """Flask without async views: there are none, and looking for them cost each request ten inspections."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(values: settings.Settings | None = None) -> Flask:
    """The application for these settings (default: those of the environment). Touches the disk only for its keys."""
    # Files are the dashboard's and the documents', which serve their own.
    app = Wesend("wesend", static_folder=None, instance_path=str((values or settings.load()).instance))
    app.config["WESEND"] = values or settings.load()
    app.config["SECRET_KEY"] = secret.secret_key(app.config["WESEND"])
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's own provider
    app.url_map.strict_slashes = False
    storage.init_app(app)
    database.init_app(app)
    cluster.init_app(app, __version__)
    bell.init_app(app)
    metrics.init_app(app)
    logs.init_app(app)
    key_use.init_app(app)
    api_calls.init_app(app)
    thread_slots.init_app(app)
    request_limits.init_app(app)
    networks.init_app(app)
    vendors.init_app(app)
    registry.init_app(app)
    balances.init_app(app)
    call_slots.init_app(app)
    pace.init_app(app)
    rate_limit.init_app(app)
    receipt_inbox.init_app(app)
    opted_out.init_app(app)
    submit.init_app(app)
    incoming.init_app(app)
    matching.init_app(app)
    conversations.init_app(app)
    for dialect in DIALECTS:
        dialect.register(app)
    smpp.init_app(app)
    callbacks.init_app(app)
    sandbox_api.init_app(app)
    app.register_blueprint(health.blueprint)
    docs.init_app(app)
    dashboard.init_app(app)
    register_http_errors(app, elsewhere=lambda error: sandbox_api.show_error(error) or dashboard.show_elsewhere(error))
    unstorable.init_app(app, elsewhere=dashboard.show_unstorable)
    api_sessions.init_app(app)
    request_ids.init_app(app)
    response_headers.init_app(app)
    cli.init_app(app)
    return app


__all__ = ["create_app", "models"]
