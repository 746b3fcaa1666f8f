"""An invitation by mail: the link that sets a password, for whoever is to work on an account."""

from __future__ import annotations

from email.message import EmailMessage

from ..accounts.roles import Actor, User
from ..adapters.outcomes import ACCEPTED
from ..core.languages import current, speaking
from ..core.languages import gettext as _
from . import mailing


def mail(user: User, link: str, account_name: str | None, *, actor: Actor) -> bool:
    """Whether a mail server took it; False: there is none, or it did not, and the link is passed on by hand."""
    if not mailing.is_set_up():
        return False
    with speaking(user.language or current()):
        made = _compose(user, link, account_name, actor)
    return mailing.submit(made, user.email, about="an invitation") == ACCEPTED


def _compose(user: User, link: str, account_name: str | None, actor: Actor) -> EmailMessage:
    """In the language of whoever is invited: they have chosen none yet, so their account's, else the inviter's."""
    where = _("work on %(account)s", account=account_name) if account_name else _("run this gateway")
    text = _(
        "%(who)s invites you to %(where)s with wesend.\n\nChoose your password here, within three days:\n%(link)s\n\n"
        "The link works once. If you expected no invitation, there is nothing to do.",
        who=str(actor),
        where=where,
        link=link,
    )
    return mailing.compose(user.email, _("An invitation to wesend"), text)
