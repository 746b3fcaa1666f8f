"""What every application begins with, whether it serves or runs a command: settings, keys, the database, who it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from .. import database
from ..core import networks, secret, settings, storage
from . import bell, cluster


class Wesend(Flask):
    """Flask without async views: there are none, and looking for them cost each request ten inspections."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def begin(values: settings.Settings | None, version: str) -> Flask:
    """An application for these settings (default: those of the environment) that answers no request yet."""
    # Files are the dashboard's and the documents', which serve their own.
    app = Wesend("wesend", static_folder=None, instance_path=str((values or settings.load()).instance))
    app.config["WESEND"] = values or settings.load()
    app.config["SECRET_KEY"] = secret.secret_key(app.config["WESEND"])
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's own provider
    app.url_map.strict_slashes = False
    storage.init_app(app)
    database.init_app(app)
    cluster.init_app(app, version)
    bell.init_app(app)
    networks.init_app(app)
    return app
