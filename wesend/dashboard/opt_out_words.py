"""By what an opt-out came, in the reader's language."""

from __future__ import annotations

from ..core.languages import gettext as _
from . import stored_sentences

SENTENCES = stored_sentences.known(
    (r"entered by (?P<who>.*)", lambda of: _("entered by %(who)s", **of.groupdict())),
    (r"imported by (?P<who>.*)", lambda of: _("from a list of %(who)s", **of.groupdict())),
    (r"inbound STOP|keyword", lambda _of: _("answered STOP")),
    (r"unsubscribed from (?P<mail>.*)", lambda of: _("unsubscribed from mail %(mail)s", **of.groupdict())),
    (r"api", lambda _of: _("through the API")),
)


def source_words(source: str) -> str:
    """What none of these is, an earlier or a later version wrote."""
    return stored_sentences.told(source, SENTENCES) or source
