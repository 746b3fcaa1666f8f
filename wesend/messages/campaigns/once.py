"""A campaign is sent once, however often its form is: the form has the id that the batch will have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from uuid import UUID, uuid5

from ...accounts import roles, spending
from ...accounts.roles import Actor
from ...accounts.service import AccountInfo
from ...core.errors import BatchNotFound
from ...core.ids import new_id
from ...database import query_one
from ...database.errors import INTEGRITY_ERRORS
from ...database.rows import BatchRow
from ..sending.options import Origin

UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new_uid() -> str:
    return new_id()


def uid_of(form_uid: str, *content: str) -> str:
    """The id of what a form of one page sends, which a browser shows again with all that was typed in it: sent so once more,
    it is the same message; with something changed, it is another.
    """
    if not UID.fullmatch(form_uid):
        return form_uid
    return str(uuid5(UUID(form_uid), json.dumps(content)))


def send_once(account: AccountInfo, uid: str, do: Callable[[Origin], None], *, actor: Actor) -> BatchRow:
    """The batch of this id: ``do`` makes it, unless the same form made it before."""
    roles.require_to_send(actor, account)
    if not UID.fullmatch(uid):
        raise BatchNotFound
    earlier = _sent_before(account, uid)
    if earlier is not None:
        return earlier
    try:
        do(Origin("portal", batch_uid=uid, spending=spending.of(actor)))
    except INTEGRITY_ERRORS:  # the same form, sent at the same time
        pass
    found = _sent_before(account, uid)
    if found is None:
        raise BatchNotFound
    return found


def was_sent(account: AccountInfo, uid: str, *, actor: Actor) -> bool:
    """Whether a draft has become a campaign."""
    roles.require(actor, roles.SEE, account.id)
    return _sent_before(account, uid) is not None


def _sent_before(account: AccountInfo, uid: str) -> BatchRow | None:
    return query_one("SELECT * FROM batches WHERE uid = ? AND account_id = ?", (uid, account.id))
