"""The secrets that listening commands sign with: one a side and format of an instance, so that an application keeps it."""

from __future__ import annotations

from ..accounts.sides import Side
from ..core import vault
from ..database import Tx, query, write
from .endpoints import new_secret

KEEP = """
    INSERT INTO listening_secrets (side, format, secret) VALUES (?, ?, ?)
    ON CONFLICT (side, format) DO UPDATE SET secret = excluded.secret
"""
ADD = "INSERT INTO listening_secrets (side, format, secret) VALUES (?, ?, ?) ON CONFLICT (side, format) DO NOTHING"


def secrets_of(side: Side, format_names: list[str]) -> dict[str, str]:
    """By format; those that are missing are made."""
    known = _known(side)
    missing = [name for name in format_names if name not in known]
    if missing:
        made = [(side, name, vault.seal(new_secret())) for name in missing]
        write(lambda tx: tx.executemany(ADD, made))
        known = _known(side)  # another may have been quicker
    return {name: known[name] for name in format_names}


def renew(side: Side, format_names: list[str]) -> dict[str, str]:
    """Others in their place."""
    made = {name: new_secret() for name in format_names}

    def unit(tx: Tx) -> None:
        tx.executemany(KEEP, [(side, name, vault.seal(secret)) for name, secret in made.items()])

    write(unit)
    return made


def _known(side: Side) -> dict[str, str]:
    rows = query("SELECT format, secret FROM listening_secrets WHERE side = ?", (side,))
    return {row["format"]: vault.unseal(row["secret"]) for row in rows}
