"""wesend: a self-hosted SMS and e-mail gateway. The application factory; only wiring.

Its imports stand inside: what needs a part of wesend, as a command does, loads no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .core.settings import Settings

__version__ = "0.1.0"


def create_app(values: Settings | None = None) -> Flask:
    """The application for these settings (default: those of the environment). Touches the disk only for its keys."""
    from .coordination import application

    app = application.begin(values, __version__)
    register_schema(app)
    for register in DOMAINS:
        register(app)
    register_edges(app)
    return app


def register_schema(app: Flask) -> None:
    """Every table, for migrations and for what goes through all of them."""
    from . import models as models
    from .database import schema

    schema.init_app(app)


def register_vendors(app: Flask) -> None:
    """The types of gateways that the instance's own files describe."""
    from .gateways import vendors

    vendors.init_app(app)


def register_opt_outs(app: Flask) -> None:
    """What happens when somebody opts out or in."""
    from .messages.sending import opted_out
    from .two_way import conversations

    opted_out.init_app(app)
    conversations.init_app(app)


def register_gateways(app: Flask) -> None:
    """The adapters of the gateways that are set up, and who is told of what they bring."""
    from .gateways import balances, registry
    from .messages.receipts import connections
    from .two_way import incoming

    for part in (registry, balances, connections, incoming):
        part.init_app(app)


def register_dispatch(app: Flask) -> None:
    """What else the domains keep in an application, and do when one another's things happen."""
    from .accounts import api_calls, key_use
    from .coordination import call_slots, pace, rate_limit
    from .core import thread_slots
    from .gateways import request_limits
    from .messages.dispatch import submit
    from .messages.receipts import inbox as receipt_inbox
    from .two_way import matching

    for part in (key_use, api_calls, thread_slots, request_limits, call_slots, pace, rate_limit, submit, receipt_inbox, matching):
        part.init_app(app)


DOMAINS = (register_vendors, register_opt_outs, register_gateways, register_dispatch)
"""A command may need the first ones alone."""


def register_apis(app: Flask) -> None:
    """The APIs, with what each tells of itself: credentials, webhooks, documents."""
    from . import smpp
    from .dialects.listed import DIALECTS

    for dialect in DIALECTS:
        dialect.register(app)
    smpp.init_app(app)


def register_edges(app: Flask) -> None:
    """Everything that answers requests."""
    from cryptography import fernet as fernet

    from . import callbacks, cli, dashboard, docs
    from .adapters import guarded_http as guarded_http
    from .adapters import sockets as sockets
    from .core import request_ids
    from .dialects.dialect import register_http_errors
    from .gateways import registry
    from .sandbox import api as sandbox_api
    from .web import api_sessions, health, logs, metrics, response_headers, unstorable

    # As what is imported above and not used here: before a server forks, or each of its processes would load it for itself.
    dict(registry.types())
    metrics.init_app(app)
    logs.init_app(app)
    register_apis(app)
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
