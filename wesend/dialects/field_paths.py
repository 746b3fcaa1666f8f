"""Field errors as the dialects with `{field: [sentence]}` show them (Wesendall, World Ledgers)."""

from __future__ import annotations

from typing import Any


def flat(messages: Any) -> dict[str, list[str]]:
    """marshmallow's nested messages as field path → sentences."""
    found: dict[str, list[str]] = {}

    def walk(prefix: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, inner in node.items():
                name = "" if key == "_schema" else str(key)
                walk(f"{prefix}.{name}".strip(".") if prefix and name else prefix or name, inner)
        else:
            found.setdefault(prefix or "body", []).extend(str(sentence) for sentence in node)

    walk("", messages)
    return found
