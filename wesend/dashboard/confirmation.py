"""What would be missing in a campaign is told, and it is sent only after a tick."""

from __future__ import annotations

from collections.abc import Callable

from flask import request

from ..core import templating
from ..core.languages import marked
from ..messages.campaigns.checking import Checked

ASKED = marked("Please tick this, or go back and put the text right")


def unconfirmed(check: Callable[[], Checked], *texts: str) -> Checked | None:
    """A campaign that would leave gaps, where nobody has ticked that it may. ``texts``: all of it that names fields."""
    if request.form.get("confirmed") or not any(map(templating.has_variables, texts)):
        return None
    found = check()
    return found if found.gaps else None
