"""Operator: a backup to download, and those made by the clock."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, send_file
from flask.typing import ResponseReturnValue

from ...core import clock
from ...operations import backup, backup_download
from ...operations.backup_download import Copy
from ..sessions import actor

blueprint = Blueprint("backups", __name__, url_prefix="/operator/backups")


@blueprint.get("")
def index() -> ResponseReturnValue:
    kept = backup_download.list_kept(actor=actor())
    return render_template(
        "operator/backups.html",
        kept=kept,
        settings=current_app.config["WESEND"],
        is_late=bool(kept) and backup.is_late(clock.now_ms() - kept[0].made_at),
    )


@blueprint.post("")
def make() -> ResponseReturnValue:
    return _download(backup_download.make_copy(actor=actor()))


@blueprint.post("/<name>")
def fetch(name: str) -> ResponseReturnValue:
    return _download(backup_download.open_kept(name, actor=actor()))


def _download(copy: Copy) -> Response:
    """Read from the disk as the client takes it; the server closes the file with the answer, whatever becomes of it."""
    answer = send_file(copy.file, mimetype="application/vnd.sqlite3", as_attachment=True, download_name=copy.name, etag=False)
    answer.content_length = copy.size
    answer.headers["Cache-Control"] = "no-store"
    return answer
