"""Campaigns that are not sent yet, kept as they are typed: after a top-up, or on another device, one goes on with them.

They are the account's: whoever may send may finish what somebody else began. A draft goes in silence when its campaign is
sent; one that nobody touched for 90 days goes by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from ...accounts import audit_log, quota, roles
from ...accounts.roles import SEE, SEND, Actor
from ...core import clock
from ...core.channels import EMAIL, SMS
from ...core.errors import Conflict, InvalidInput, NotFound
from ...core.languages import sentence
from ...database import Tx, query, query_one, write
from ...database.rows import CampaignDraftRow
from .once import UID

MOST = 100
"""Drafts of an account."""
LONGEST = 200_000
"""Characters of a form: a list reads all of an account's. A mail with pictures in it may be longer, and is not kept."""
KEPT_MS = 90 * clock.DAY
Form = Mapping[str, str | list[str]]
"""Field → what was typed, or what was ticked; ``channel`` is SMS where it is not among them."""


class TooManyDrafts(Conflict):
    sentence = sentence("There are %(most)s drafts already: delete some, and this one is kept, too", most=MOST)


class DraftNotFound(NotFound):
    sentence = "This draft is not there any more: it was sent or deleted"


class Draft(NamedTuple):
    """``form`` as it was last typed; times in milliseconds."""

    uid: str
    form: Form
    author: str
    updated_at: int

    @property
    def title(self) -> str:
        """Its name, its subject, or how its text begins."""
        return str(self.form.get("name") or self.form.get("subject") or self.form.get("text") or "")[:100]

    @property
    def channel(self) -> str:
        return EMAIL if self.form.get("channel") == EMAIL else SMS


WRITE = """
    INSERT INTO campaign_drafts (uid, account_id, form, author, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (uid) DO UPDATE SET form = excluded.form, author = excluded.author, updated_at = excluded.updated_at
    WHERE campaign_drafts.account_id = excluded.account_id
"""
SENT_ALREADY = "SELECT 1 FROM batches WHERE uid = ?"
NUMBER = "SELECT count(*) AS drafts FROM campaign_drafts WHERE account_id = ?"


def keep(account_id: int, uid: str, form: Form, *, actor: Actor) -> int | None:
    """Keep a form as it stands; when that was. None: its campaign was sent meanwhile. TooManyDrafts, StorageQuotaExceeded."""
    roles.require(actor, SEND, account_id)
    text = json.dumps(form, ensure_ascii=False)
    if not UID.fullmatch(uid) or len(text) > LONGEST:
        raise InvalidInput(sentence("A draft has at most %(longest)s characters", longest=f"{LONGEST:,}"), {"text": ["Too long"]})
    quota.require_room(account_id, len(text))
    now = clock.now_ms()

    def unit(tx: Tx) -> bool:
        if tx.one(SENT_ALREADY, (uid,)):
            return False
        known = tx.one("SELECT 1 FROM campaign_drafts WHERE uid = ?", (uid,))
        number = tx.one(NUMBER, (account_id,))
        if not known and number is not None and number["drafts"] >= MOST:
            raise TooManyDrafts
        return tx.changed(WRITE, (uid, account_id, text, str(actor), now, now)) > 0

    return now if write(unit) else None


def list_drafts(account_id: int, *, actor: Actor) -> list[Draft]:
    """What was touched last comes first."""
    roles.require(actor, SEE, account_id)
    rows = query("SELECT * FROM campaign_drafts WHERE account_id = ? ORDER BY updated_at DESC LIMIT ?", (account_id, MOST))
    return [_draft(row) for row in rows]


def get(account_id: int, uid: str, channel: str | None = None, *, actor: Actor) -> Draft:
    """DraftNotFound, also for one of another channel."""
    roles.require(actor, SEE, account_id)
    row = query_one("SELECT * FROM campaign_drafts WHERE uid = ? AND account_id = ?", (uid, account_id))
    found = None if row is None else _draft(row)
    if found is None or channel not in (None, found.channel):
        raise DraftNotFound
    return found


def _draft(row: CampaignDraftRow) -> Draft:
    return Draft(row["uid"], json.loads(row["form"]), row["author"], row["updated_at"])


def delete(account_id: int, uid: str, *, actor: Actor) -> None:
    """DraftNotFound."""
    roles.require(actor, SEND, account_id)
    title = get(account_id, uid, actor=actor).title

    def unit(tx: Tx) -> None:
        if tx.changed("DELETE FROM campaign_drafts WHERE uid = ? AND account_id = ?", (uid, account_id)):
            audit_log.record(tx, actor=actor, action="campaign.draft_delete", subject=title or uid, account_id=account_id)

    write(unit)


def sent(account_id: int, uid: str, *, actor: Actor) -> None:
    """Its campaign was sent."""
    roles.require(actor, SEND, account_id)
    if query_one("SELECT 1 FROM campaign_drafts WHERE uid = ?", (uid,)):
        write(lambda tx: tx.changed("DELETE FROM campaign_drafts WHERE uid = ?", (uid,)))


def forget_old() -> None:
    """Housekeeping."""
    before = clock.now_ms() - KEPT_MS
    if query_one("SELECT 1 FROM campaign_drafts WHERE updated_at < ? LIMIT 1", (before,)):
        write(lambda tx: tx.changed("DELETE FROM campaign_drafts WHERE updated_at < ?", (before,)))
