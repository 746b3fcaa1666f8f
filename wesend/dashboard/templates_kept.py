"""Templates beside the form of a campaign or of an e-mail: which one is chosen, and keeping what is written as one."""

from __future__ import annotations

from flask import flash

from ..core.languages import gettext as _
from ..database.rows import TextTemplateRow
from ..messages.campaigns import text_templates
from ..messages.campaigns.text_templates import Content
from .current_account import account
from .sessions import actor


def chosen(typed: str, channel: str) -> TextTemplateRow | None:
    """The template of the id in a form or an address; None where it has none. TemplateNotFound."""
    if not (typed.isascii() and typed.isdigit()):
        return None
    return text_templates.get(account().id, int(typed[:15]), channel, actor=actor())


def keep(name: str, content: Content) -> None:
    """As `text_templates.save`, and say so."""
    text_templates.save(account().id, name, content, actor=actor())
    flash(_("The text is kept as a template."), "success")
