"""`/healthz`: whether the database answers and somebody runs the jobs."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, current_app

from .database import query
from .jobs import scheduler_pid

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz():
    """200 when the database answers and a scheduler is alive (or is switched off), else 503."""
    wanted = current_app.config["WESEND"].scheduler
    try:
        query("SELECT version FROM config_state")
        database = "ok"
    except sqlite3.Error as error:
        database = type(error).__name__
    running = scheduler_pid(current_app._get_current_object()) is not None  # type: ignore[attr-defined]
    healthy = database == "ok" and (running or not wanted)
    return {"status": "ok" if healthy else "unavailable", "database": database,
            "scheduler": "running" if running else ("off" if not wanted else "none")}, 200 if healthy else 503
