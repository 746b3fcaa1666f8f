"""What a verification's message says, with its code and with the mask that is shown in its place."""

from __future__ import annotations

import re

from ..core import segments
from ..core.errors import InvalidInput
from ..core.languages import marked, speaking, told

MASK = "••••••"
PLACES = re.compile(r"\{\{\s*(code|app|minutes)\s*\}\}|\{\s*(code|app|minutes)\s*\}", re.IGNORECASE)
OURS = marked("{{code}} is your {{app}} verification code. It expires in {{minutes}} min. Do not share it.")
NAMELESS = marked("{{code}} is your verification code. It expires in {{minutes}} min. Do not share it.")
LONGEST_CODE = "0" * 10


def require_code(template: str | None) -> None:
    """InvalidInput for a template that does not say where its code stands."""
    if template is not None and "code" not in {_name(found) for found in PLACES.finditer(template)}:
        raise InvalidInput("A template names {{code}}", {"template": ["It must name {{code}}"]})


def require_sendable(template: str | None, code_length: int, name: str, expiry_seconds: int) -> None:
    """InvalidInput for a template without a code, or whose text is longer than any message may be."""
    require_code(template)
    if segments.count(text_of(template, LONGEST_CODE[:code_length], name, expiry_seconds)).count > segments.MAX_SEGMENTS:
        raise InvalidInput("The template is too long", {"template": [f"At most {segments.MAX_SEGMENTS} segments"]})


def text_of(template: str | None, code: str, name: str, expiry_seconds: int, *, language: str | None = None) -> str:
    """``template`` None: our own words in ``language``, which are one segment whatever the name is."""
    values = {"code": code, "app": name, "minutes": str(-(-expiry_seconds // 60))}
    if template is None:
        with speaking(language):
            ours, nameless = told(OURS), told(NAMELESS)
        values["app"] = _short(name, values["minutes"], ours)
        template = ours if values["app"] else nameless
    return PLACES.sub(lambda found: values[_name(found)], template)


def _name(found: re.Match[str]) -> str:
    return (found[1] or found[2]).lower()


def _short(name: str, minutes: str, ours: str) -> str:
    """As much of a name as fits into one segment beside the longest code, without what only UCS-2 has."""
    plain = "".join(char for char in name if char in segments.BASIC_SET and char not in "\r\n").strip()
    room = segments.SINGLE[segments.GSM7] - len(ours) + len("{{code}}{{app}}{{minutes}}") - len(LONGEST_CODE) - len(minutes)
    return plain[:room].strip()
