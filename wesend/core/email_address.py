"""E-mail addresses. What a mail is sent to is read strictly (`is_address`); where one only names somebody, loosely, and each
place as it always did: what it once took must still be found.
"""

from __future__ import annotations

import re

LONGEST = 254
"""Characters (RFC 3696, erratum 1690)."""
STRICT = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)+"
)


def is_address(text: str) -> bool:
    """Whether a mail may be sent to it: ASCII, no quoted name, and a domain with a dot."""
    return len(text) <= LONGEST and STRICT.fullmatch(text) is not None and text[0] != "." and ".." not in text and ".@" not in text


def _loose(*, without: str = "", name: str = "+", domain: str = "+") -> re.Pattern[str]:
    """Anything but spaces around one @; ``name`` and ``domain``: how many characters they have."""
    return re.compile(rf"[^\s@{without}]{name}@[^\s@{without}]{domain}")


USER = _loose(without=r"\x00-\x1f", name="{1,64}", domain="{1,190}")
"""With which somebody signs in: operator@localhost too."""
OPTED_OUT = _loose(without="<>", name="{1,64}", domain="{3,189}")
"""In lists from elsewhere, where a name may stand beside it: <ann@example.com> is not all address."""
ALERTED = _loose(without="<>,;")
"""One, not several; a mail server of the house may know it without a dot."""
WANTED = _loose()
"""Looked for among the mails that were caught, whatever they were sent to."""
