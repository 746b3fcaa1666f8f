"""Namespaces of the sandbox: test runs beside one another, each with an inbox of its own."""

from __future__ import annotations

import re

HEADER = "X-Sandbox-Namespace"
PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")
PROBLEM = "1 to 64 letters, digits, dots, underscores and hyphens"


def is_namespace(text: str) -> bool:
    return PATTERN.fullmatch(text) is not None
