"""Mail of the instance's own to the people who run or pay for it."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime, getaddresses

from flask import current_app

from ..adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from ..adapters.sms.base import SmsGateway, Submission
from ..core import clock
from ..core.ids import new_id
from ..gateways import registry
from ..messages.email.compose import POLICY, mail_from
from ..sandbox import handed_in


def compose(to: str, subject: str, text: str) -> EmailMessage:
    """A mail from this instance; its address stands beneath the text."""
    made = EmailMessage(POLICY)
    made["From"], made["To"], made["Subject"] = mail_from(), to, subject
    made["Date"] = format_datetime(clock.to_datetime(clock.now_ms()))
    made["Message-ID"] = f"<{new_id()}@wesend>"
    made.set_content(f"{text}\n\n{current_app.config['WESEND'].base_url}\n")
    return made


def is_set_up() -> bool:
    """Whether a mail server takes mail of live accounts."""
    return registry.mail_gateway(is_sandbox=False) is not None


def post(mail: EmailMessage, to: str, *, about: str, is_sandbox: bool = False) -> bool:
    """Whether it has gone, or can't go at all; False: it may be tried again."""
    return submit(mail, to, about=about, is_sandbox=is_sandbox) != TEMPORARY


def submit(mail: EmailMessage, to: str, *, about: str, is_sandbox: bool = False) -> str:
    """What became of it: ACCEPTED, TEMPORARY (also while no mail server is set), or it can't go at all.

    Of several addresses in ``to`` one that has it is enough: tried again, it would have it twice.
    """
    gateway = registry.mail_gateway(is_sandbox=is_sandbox)
    if gateway is None:
        return TEMPORARY
    addresses = [address for _, address in getaddresses([to])]
    if gateway.in_process:
        handed_in.keep(addresses, mail.as_bytes())
        return ACCEPTED
    kinds = [_submit_to(gateway, mail, address, about) for address in addresses]
    return min(kinds, key=(ACCEPTED, TEMPORARY, REFUSED, UNKNOWN).index)


def _submit_to(gateway: SmsGateway, mail: EmailMessage, address: str, about: str) -> str:
    (outcome,) = gateway.submit([Submission(0, new_id(), address, "", None, 1, "plain", 1, mail.as_bytes())])
    if outcome.kind != ACCEPTED:
        current_app.logger.warning("the mail about %s was not taken (%s): %s", about, outcome.kind, outcome.text)
    return outcome.kind
