"""What of the sandbox is published: each dialect registers its fixed credentials, and the wallet that pays for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Flask

from ..accounts.credentials import Credentials
from ..core.current_app import this_app


def _nothing_more(group_ids: list[int]) -> dict[str, Any]:
    return {}


class Published(NamedTuple):
    """A dialect's access to the sandbox. ``opening``: the wallet's first balance, a decimal text.

    ``more``: what a script needs beside the credentials, from the ids of the sandbox's contact groups.
    ``has_services``: it can ask for numbers that people write to, so its wallet has one of each kind.
    """

    credentials: Credentials
    wallet_uid: str
    currency: str
    opening: str
    more: Callable[[list[int]], dict[str, Any]] = _nothing_more
    has_services: bool = False


def register(app: Flask, api: str, access: Published) -> None:
    app.extensions.setdefault("wesend.published", {})[api] = access


def all_published() -> dict[str, Published]:
    """By API, in the order of the list of dialects."""
    return this_app().extensions.get("wesend.published", {})


def first_wallet_uid() -> str:
    """The wallet that pays where none is named: the first dialect's."""
    return next(iter(all_published().values())).wallet_uid
