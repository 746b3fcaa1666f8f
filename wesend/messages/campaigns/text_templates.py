"""Texts that an account keeps under a name, to begin campaigns and e-mails with."""

from __future__ import annotations

from typing import NamedTuple

from ...accounts import audit_log, quota, roles
from ...accounts.roles import SEE, SEND, Actor
from ...core import clock, templating
from ...core.channels import EMAIL, SMS
from ...core.errors import Conflict, InvalidInput, NotFound
from ...core.languages import sentence
from ...database import Tx, query, query_one, write
from ...database.rows import TextTemplateRow

MOST = 200
"""Templates of an account."""
NAME_LENGTH = 100
LONGEST = {SMS: 10_000, EMAIL: 200_000}
"""Characters: more than the longest SMS has, and a mail with a small picture in it."""


class Content(NamedTuple):
    """What is kept: the text of an SMS and its ``sender``; or that of an e-mail, its ``subject`` and ``format``
    (`email.compose`: PLAIN or HTML).
    """

    text: str
    sender: str | None = None
    channel: str = SMS
    subject: str | None = None
    format: str | None = None


class TemplateNotFound(NotFound):
    sentence = "This template is not there any more"


class TemplateExists(Conflict):
    sentence = "There is a template of this name already"


class TooManyTemplates(Conflict):
    sentence = sentence("There are %(most)s templates already: delete some first", most=MOST)


LIST = """
    SELECT id, account_id, name, CASE channel WHEN 'sms' THEN text ELSE '' END AS text, sender, created_at, updated_at, channel,
        subject, format
    FROM text_templates WHERE account_id = ? ORDER BY name LIMIT ?
"""


def list_templates(account_id: int, channel: str | None = None, *, actor: Actor) -> list[TextTemplateRow]:
    """By their names, of mails without their text; ``channel``: its own alone."""
    roles.require(actor, SEE, account_id)
    rows: list[TextTemplateRow] = query(LIST, (account_id, MOST))
    return [row for row in rows if channel in (None, row["channel"])]


def get(account_id: int, template_id: int, channel: str | None = None, *, actor: Actor) -> TextTemplateRow:
    """TemplateNotFound, also for one of another channel."""
    roles.require(actor, SEE, account_id)
    row = query_one("SELECT * FROM text_templates WHERE id = ? AND account_id = ?", (template_id, account_id))
    if row is None or channel not in (None, row["channel"]):
        raise TemplateNotFound
    return row


OF_NAME = "SELECT id FROM text_templates WHERE account_id = ? AND name = ?"


def save(account_id: int, name: str, content: Content, *, actor: Actor) -> int:
    """A template's row id. TemplateExists, TooManyTemplates, InvalidInput."""
    roles.require(actor, SEND, account_id)
    name, now = _name(name), clock.now_ms()
    text, longest = content.text, LONGEST[content.channel]
    if not text.strip() or len(text) > longest:
        raise InvalidInput(
            sentence("A template has 1 to %(longest)s characters", longest=f"{longest:,}"), {"text": ["Empty or too long"]}
        )
    for written in (text, content.subject or ""):
        templating.named(written, templating.DOUBLE)
    quota.require_room(account_id, len(text))

    def unit(tx: Tx) -> int:
        if tx.one(OF_NAME, (account_id, name)):
            raise TemplateExists
        if len(tx.all("SELECT id FROM text_templates WHERE account_id = ? LIMIT ?", (account_id, MOST))) == MOST:
            raise TooManyTemplates
        audit_log.record(tx, actor=actor, action="template.create", subject=name, account_id=account_id)
        kept = content._replace(sender=content.sender or None)._asdict()
        return tx.insert("text_templates", account_id=account_id, name=name, created_at=now, updated_at=now, **kept)

    return write(unit)


def rename(account_id: int, template_id: int, name: str, *, actor: Actor) -> None:
    """TemplateNotFound, TemplateExists, InvalidInput."""
    roles.require(actor, SEND, account_id)
    name, before = _name(name), get(account_id, template_id, actor=actor)["name"]

    def unit(tx: Tx) -> None:
        other = tx.one(OF_NAME, (account_id, name))
        if other is not None and other["id"] != template_id:
            raise TemplateExists
        changed = tx.changed(
            "UPDATE text_templates SET name = ?, updated_at = ? WHERE id = ? AND account_id = ? AND name <> ?",
            (name, clock.now_ms(), template_id, account_id, name),
        )
        if changed:
            audit_log.record(
                tx, actor=actor, action="template.rename", subject=name, account_id=account_id, detail=f"{before} → {name}"
            )

    write(unit)


def delete(account_id: int, template_id: int, *, actor: Actor) -> None:
    """TemplateNotFound."""
    roles.require(actor, SEND, account_id)
    name = get(account_id, template_id, actor=actor)["name"]

    def unit(tx: Tx) -> None:
        if tx.changed("DELETE FROM text_templates WHERE id = ? AND account_id = ?", (template_id, account_id)):
            audit_log.record(tx, actor=actor, action="template.delete", subject=name, account_id=account_id)

    write(unit)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput(
            sentence("A template needs a name of at most %(name_length)s characters", name_length=NAME_LENGTH),
            {"template_name": ["Missing or too long"]},
        )
    return name
