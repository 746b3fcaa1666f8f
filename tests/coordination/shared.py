"""Hosts that share a database: applications on one of it, each with an instance folder and a name of its own."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.conftest import make_app
from wesend.coordination import cluster

KEY = "the same for all hosts"


def make_host(folder: Path, database: Path, **environment: str) -> Flask:
    """A host whose things lie in the database, as they do on PostgreSQL; in ``folder`` is what is of this machine alone."""
    folder.mkdir(parents=True, exist_ok=True)
    app = make_app(folder, WESEND_DATABASE_URL=f"sqlite:///{database}", WESEND_SECRET_KEY=KEY, **environment)
    app.extensions[cluster.SHARED] = True
    return app
