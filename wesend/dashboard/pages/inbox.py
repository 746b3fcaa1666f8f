"""The inbox: what people wrote, as conversations by phone and number, and answers to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core.errors import WesendError
from ...core.languages import gettext as _
from ...core.languages import told
from ...messages.campaigns.once import new_uid, uid_of
from ...two_way import answering, inbox, services
from ...two_way.inbox import Listed, Place, Wanted
from .. import compose_preview, query_args
from ..current_account import account
from ..forms import PASSED_ON
from ..sessions import actor

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")
SIZE = 40
LONGEST = 2000


@blueprint.get("")
def index() -> ResponseReturnValue:
    wanted = _wanted()
    found = inbox.list_conversations(account().id, wanted, before=_before(), limit=SIZE + 1, actor=actor())
    rows, more = found[:SIZE], len(found) > SIZE
    opened = _opened()
    if opened is not None and opened["unread"]:
        inbox.mark_read(account().id, opened["id"], actor=actor())
    return render_template(
        "inbox/index.html",
        rows=rows,
        older=_address(before=f"{rows[-1]['last_at']}-{rows[-1]['id']}") if more else None,
        newest=_address() if "before" in request.args else None,
        opened=opened,
        lines=inbox.lines(opened, actor=actor()) if opened is not None else [],
        services=services.list_services(account().id, actor=actor()),
        wanted=wanted,
        searched_texts=inbox.SEARCHED_TEXTS,
        address=_address,
        told=compose_preview.of_text(""),
        uid=new_uid(),
        draft=query_args.text("draft", LONGEST),
    )


def _wanted() -> Wanted:
    service = request.args.get("service", "")
    service_id = int(service) if service.isascii() and service.isdigit() and len(service) < 10 else None
    return Wanted(service_id, query_args.choice("only", inbox.FILTERS) or None, query_args.text("q", 100))


def _before() -> Place | None:
    at, _, row = request.args.get("before", "").partition("-")
    numbers = [text for text in (at, row) if text.isascii() and text.isdigit() and len(text) < 19]
    return Place(int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else None


def _opened() -> Listed | None:
    """The one that is asked for, whatever the filters say."""
    given = request.args.get("open", "")
    if given.isascii() and given.isdigit() and len(given) < 19:
        return inbox.find(account().id, int(given), actor=actor())
    return None


def _address(**changes: str | int | None) -> str:
    """This page with its filters, and other things changed."""
    kept: dict[str, Any] = {name: request.args[name] for name in ("service", "only", "q") if request.args.get(name)}
    kept |= {name: value for name, value in changes.items() if value is not None}
    return url_for(".index", **kept)


@blueprint.post("/<int:conversation_id>/reply")
def reply(conversation_id: int) -> ResponseReturnValue:
    conversation = inbox.find(account().id, conversation_id, actor=actor())
    text = request.form.get("text", "").replace("\r\n", "\n").replace("\x00", "")[:LONGEST].strip()
    try:
        answering.answer(account(), conversation, text, uid_of(request.form.get("uid", ""), text), actor=actor())
    except PASSED_ON:
        raise
    except WesendError as error:
        flash(_("Not sent: %(error)s.", error=told(error)), "error")
        return redirect(url_for(".index", open=conversation_id, draft=text), 303)
    return redirect(url_for(".index", open=conversation_id), 303)


@blueprint.post("/<int:conversation_id>/count")
def count(conversation_id: int) -> ResponseReturnValue:
    """What an answer comes to as it stands; asked while somebody types."""
    conversation = inbox.find(account().id, conversation_id, actor=actor())
    return jsonify(compose_preview.of_reply(conversation, request.form.get("text", "").replace("\r\n", "\n")))
