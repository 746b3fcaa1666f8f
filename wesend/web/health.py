"""`/healthz`: whether the database answers and takes what it is given, and somebody runs the jobs."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from ..coordination import leadership, pause
from ..core import clock, storage
from ..core.client_addresses import has_metrics_token, is_direct_from_loopback
from ..core.settings import Settings
from ..database import check_readable
from ..database.errors import DATABASE_ERRORS

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 when the database answers, what it is given can be stored, and a scheduler is alive; else 503.

    Where the host that ran the jobs has died, the others are healthy and say `changing` until one takes them over: a load
    balancer would leave all of them out otherwise. With WESEND_SCHEDULER=0 this server is not the one to run the jobs: it
    is healthy without a scheduler and says `off`, or how that of another server on the same instance is (`running`,
    `stalled`). Paused dispatch is healthy, and is told. Strangers get the status alone: who asks on this machine, or has
    the token for `/metrics`, gets the rest.
    """
    settings = current_app.config["WESEND"]
    paused = None
    try:
        paused = pause.current()
        check_readable()
        database = "ok"
    except DATABASE_ERRORS as error:
        database = type(error).__name__
    scheduler, unstorable = _scheduler(settings), storage.here().problem()
    healthy = database == "ok" and unstorable is None and (scheduler in ("running", "changing") or not settings.scheduler)
    told: dict[str, str | None] = {"status": "ok" if healthy else "unavailable", "database": database, "scheduler": scheduler}
    if unstorable is not None:
        told["storage"] = unstorable
    if paused is not None:
        told |= {"dispatch": "paused", "paused_since": clock.iso(paused.since), "reason": paused.reason}
    may_know = is_direct_from_loopback(request) or has_metrics_token()
    return told if may_know else {"status": told["status"]}, 200 if healthy else 503


def _scheduler(settings: Settings) -> str:
    try:
        found = leadership.running(settings)
        if found is None and leadership.changes_hands():
            return "changing"
    except (OSError, *DATABASE_ERRORS):
        return "unknown"
    if found is None:
        return "none" if settings.scheduler else "off"
    return "running" if found.lag < leadership.STALLED_AFTER else "stalled"
