"""Groups of contacts: one domain, whatever a dialect calls them."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..accounts import audit_log, quota, roles
from ..accounts.roles import CONTACTS, SEE, Actor
from ..accounts.service import require_open
from ..accounts.sides import SEEN, Side, may_change
from ..core import clock
from ..core.errors import GroupExists, GroupNotFound, InvalidInput
from ..database import Tx, query, query_one, write
from ..database.rows import GroupRow

NAME_LENGTH = 200


def create_group(
    account_id: int,
    name: str,
    *,
    description: str | None = None,
    tags: list[str] | None = None,
    columns: list[str] | None = None,
    state: str = "ready",
    side: Side | None = None,
    actor: Actor,
) -> GroupRow:
    """GroupExists when its maker (``side``: a key's, None: people) sees a group of this name in the account."""
    roles.require(actor, CONTACTS, account_id)
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput("A group needs a name", {"name": [f"1 to {NAME_LENGTH} characters"]})

    quota.require_room(account_id)

    def unit(tx: Tx) -> int:
        require_open(tx, account_id)
        if tx.one(
            f"SELECT 1 FROM groups WHERE account_id = ? AND name = ? AND state <> 'deleting' AND {SEEN}", (account_id, name, side)
        ):
            raise GroupExists
        if state == "ready":
            record_made(tx, account_id, name, actor=actor)
        return tx.insert(
            "groups",
            account_id=account_id,
            name=name,
            description=description,
            tags=json.dumps(tags or []),
            columns=json.dumps(columns or []),
            state=state,
            side=side,
            created_at=clock.now_ms(),
        )

    return get_group(account_id, write(unit), state=state, actor=actor)


BEGINNING_SO = f"""
    SELECT name FROM groups
    WHERE account_id = ? AND state <> 'deleting' AND {SEEN} AND substr(name, 1, CAST(? AS INTEGER)) = ?
"""


def record_made(tx: Tx, account_id: int, name: str, *, actor: Actor, detail: str | None = None) -> None:
    audit_log.record(tx, actor=actor, action="group.create", subject=name, account_id=account_id, detail=detail)


def free_name(account_id: int, name: str, *, side: Side | None = None, actor: Actor) -> str:
    """The name, or ``name (2)`` … where it is taken: for an API that knows no conflict of names."""
    roles.require(actor, SEE, account_id)
    name = name.strip()[: NAME_LENGTH - 8]
    taken = {row[0] for row in query(BEGINNING_SO, (account_id, side, len(name), name))}
    return next(candidate for candidate in (name, *(f"{name} ({n})" for n in range(2, len(taken) + 3))) if candidate not in taken)


def get_group(account_id: int, group_id: int, *, state: str = "ready", side: Side | None = None, actor: Actor) -> GroupRow:
    """A group of the account that ``side`` sees; GroupNotFound for all others."""
    roles.require(actor, SEE, account_id)
    row = query_one(
        f"SELECT * FROM groups WHERE id = ? AND account_id = ? AND state = ? AND {SEEN}", (group_id, account_id, state, side)
    )
    if row is None:
        raise GroupNotFound
    return row


def group_to_change(account_id: int, group_id: int, side: Side | None, actor: Actor) -> GroupRow:
    """A group that ``side`` may change; GroupNotFound for all others, with a reason for those that it sees."""
    roles.require(actor, CONTACTS, account_id)
    row = get_group(account_id, group_id, side=side, actor=actor)
    if not may_change(row, side):
        raise GroupNotFound("This group serves live sends too: a test key may send to it, and can neither change nor delete it")
    return row


def list_groups(account_id: int, *, limit: int, offset: int, side: Side | None = None, actor: Actor) -> tuple[list[GroupRow], int]:
    """Those that ``side`` sees, newest last, and how many there are."""
    roles.require(actor, SEE, account_id)
    total = query(f"SELECT count(*) FROM groups WHERE account_id = ? AND state = 'ready' AND {SEEN}", (account_id, side))[0][0]
    return query(
        f"SELECT * FROM groups WHERE account_id = ? AND state = 'ready' AND {SEEN} ORDER BY id LIMIT ? OFFSET ?",
        (account_id, side, limit, offset),
    ), total


def delete_group(account_id: int, group_id: int, *, side: Side | None = None, actor: Actor) -> None:
    """Gone at once for every reader; its contacts are removed in short transactions."""
    group = group_to_change(account_id, group_id, side, actor)

    def unit(tx: Tx) -> None:
        if tx.changed("UPDATE groups SET state = 'deleting' WHERE id = ? AND state <> 'deleting'", (group_id,)):
            audit_log.record(
                tx,
                actor=actor,
                action="group.delete",
                subject=group["name"],
                account_id=account_id,
                detail=f"{group['contact_count']} contacts",
            )

    write(unit)
    remove_deleted(group_id)


def sweep_deleted() -> None:
    """Finish deletions that a crash left half done."""
    for (doomed,) in query("SELECT id FROM groups WHERE state = 'deleting'"):
        remove_deleted(doomed)


def remove_deleted(group_id: int) -> None:
    """Remove a group that nobody sees any more, its contacts first, in short transactions."""
    while write(_changing("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts WHERE group_id = ? LIMIT 2000)", group_id)):
        pass
    write(_changing("DELETE FROM groups WHERE id = ? AND state = 'deleting'", group_id))


def _changing(sql: str, row_id: int) -> Callable[[Tx], int]:
    return lambda tx: tx.changed(sql, (row_id,))
