"""`/t/<token>`: a mail's pixel, its links, and unsubscribing, which is possible for ever. Other tokens are refused."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from ..database.rows import MessageRow
from ..messages.email import compose as mail
from ..messages.email import tracking

blueprint = Blueprint("tracking", __name__, url_prefix="/t")
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Unsubscribe</title></head><body>{}</body></html>"""
ASK = '<p>Stop receiving these e-mails?</p><form method="post"><button>Unsubscribe</button></form>'
DONE = "<p>Done. You will receive no more of these e-mails.</p>"


@blueprint.route("/<token>", methods=["GET", "POST"])
def follow(token: str) -> ResponseReturnValue:
    named = mail.read_token(token)
    message = tracking.find_mail(named[1]) if named else None
    if named is None or message is None:
        abort(404)
    kind, message_id, link = named
    if kind == mail.UNSUBSCRIBE:
        return _unsubscribe(message)
    if request.method == "POST":
        abort(405)
    if not tracking.is_tracked(message):
        abort(404)
    if kind == mail.CLICK and link is not None:
        return _click(message, message_id, link)
    if request.method != "HEAD":
        tracking.note_opened(message)
    return Response(PIXEL, mimetype="image/gif", headers={"Cache-Control": "no-store"})


def _click(message: MessageRow, message_id: int, link: int) -> ResponseReturnValue:
    target = mail.link_target(message_id, link)
    if target is None:
        abort(404)
    if request.method != "HEAD":  # a scanner's look, not a reader's
        tracking.note_clicked(message, target)
    return redirect(target, 302)


def _unsubscribe(message: MessageRow) -> Response:
    """GET only asks, since mail scanners follow every link; POST (a mail program's one click, or the button) does
    it.
    """
    if request.method == "POST":
        tracking.unsubscribe(message)
    page = PAGE.format(DONE if request.method == "POST" else ASK)
    return Response(
        page,
        mimetype="text/html",
        headers={"Content-Security-Policy": "default-src 'none'; form-action 'self'", "Cache-Control": "no-store"},
    )
