"""Hosts that share a database: applications on one of it, each with an instance folder and a name of its own."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.conftest import make_app
from tests.support.postgresql import KEY
from wesend.coordination import cluster


def make_host(folder: Path, url: str, **environment: str) -> Flask:
    """On SQLite, too, its things lie in the database, as on PostgreSQL; in ``folder`` is what is of this machine alone."""
    folder.mkdir(parents=True, exist_ok=True)
    app = make_app(folder, WESEND_DATABASE_URL=url, WESEND_SECRET_KEY=KEY, **environment)
    app.extensions[cluster.SHARED] = True
    return app
