"""Texts that are no longer kept: a message outlives its text (`WESEND_KEEP_TEXT_DAYS`)."""

from __future__ import annotations

REMOVED = "[text removed: it is no longer kept]"
"""Stands where a text was; of an e-mail its links follow."""


def was_removed(text: str) -> bool:
    return text.startswith(REMOVED)
