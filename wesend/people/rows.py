"""What stands under a person's addresses beside messages: contacts, opt-outs, what they wrote, codes, top-ups."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ..core.erased import is_erased
from ..database import Row, Tx, marks, query, write
from .person import Person

CHUNK = 100
KNOWN = """
    SELECT 1 FROM opt_outs WHERE account_id = ? AND channel = ? AND address = ? AND coalesce(side, '') = coalesce(?, '')
"""
Unit = Callable[[Tx, list[Row], Person], None]


def _contacts(tx: Tx, rows: list[Row], person: Person) -> None:
    """They go on counting, and are sent nothing. One that was erased before and came again makes room for the newer."""
    for row in rows:
        token = person.tokens.get(row["phone"], person.token)
        if tx.one("SELECT 1 FROM contacts WHERE group_id = ? AND phone = ?", (row["group_id"], token)):
            tx.execute("DELETE FROM contacts WHERE id = ?", (row["id"],))
            tx.execute("UPDATE groups SET contact_count = contact_count - 1 WHERE id = ?", (row["group_id"],))
            continue
        data = json.dumps(dict.fromkeys(json.loads(row["data"]), person.token), ensure_ascii=False) if row["data"] else None
        tx.execute(
            "UPDATE contacts SET phone = ?, name = ?, email = NULL, data = ? WHERE id = ?",
            (token, person.token if row["name"] else None, data, row["id"]),
        )


def _opt_outs(tx: Tx, rows: list[Row], person: Person) -> None:
    """Still honoured, by the hash (`routing/opt_outs`)."""
    for row in rows:
        token = person.tokens[row["address"]]
        known = (
            "SELECT 1 FROM opt_outs WHERE account_id = ? AND channel = ? AND address = ? AND coalesce(side, '') = coalesce(?, '')"
        )
        if tx.one(known, (row["account_id"], row["channel"], token, row["side"])):
            tx.execute("DELETE FROM opt_outs WHERE id = ?", (row["id"],))
        else:
            tx.execute("UPDATE opt_outs SET address = ?, is_erased = 1 WHERE id = ?", (token, row["id"]))
    tx.execute("UPDATE config_state SET version = version + 1")  # who has such is kept in memory


def _inbound(tx: Tx, rows: list[Row], person: Person) -> None:
    tx.executemany(
        "UPDATE inbound_messages SET sender = ?, text = ? WHERE id = ?",
        [(person.tokens[row["sender"]], person.token, row["id"]) for row in rows],
    )


def erase_incoming(tx: Tx, rows: list[Row], person: Person) -> None:
    tx.executemany(
        "UPDATE incoming_messages SET sender = ?, text = ?, raw = NULL WHERE id = ?",
        [(person.tokens.get(_e164(row["sender"]), person.token), person.token, row["id"]) for row in rows],
    )


def _e164(number: str) -> str:
    return number if number.startswith("+") else f"+{number}"


def _conversations(tx: Tx, rows: list[Row], person: Person) -> None:
    for row in rows:
        token = person.tokens[row["phone"]]
        tx.execute(
            "DELETE FROM conversations WHERE account_id = ? AND phone = ? AND number = ? AND side = ?",
            (row["account_id"], token, row["number"], row["side"]),
        )
        tx.execute("UPDATE conversations SET phone = ?, text = ? WHERE id = ?", (token, person.token, row["id"]))


def _delete(table: str) -> Unit:
    """What only counts tries, for a while."""

    def unit(tx: Tx, rows: list[Row], _person: Person) -> None:
        tx.executemany(f"DELETE FROM {table} WHERE id = ?", [(row["id"],) for row in rows])

    return unit


def _phone(table: str) -> Unit:
    def unit(tx: Tx, rows: list[Row], person: Person) -> None:
        tx.executemany(f"UPDATE {table} SET phone = ? WHERE id = ?", [(person.tokens[row["phone"]], row["id"]) for row in rows])

    return unit


OF_PERSON = """
    SELECT * FROM {table} WHERE {within}{column} IN ({addresses}){condition} AND id > ? ORDER BY id LIMIT ?
"""


class Kind:
    """A table, the column by which it is a person's, and what is done with its rows. ``by_account``: its index begins so."""

    def __init__(self, table: str, column: str, erase: Unit, *, by_account: bool = True, condition: str = ""):
        self.table, self.column, self.erase, self.by_account, self.condition = table, column, erase, by_account, condition

    def pages(self, person: Person) -> Iterator[list[Row]]:
        """All of the person's rows, some at a time; they may be erased meanwhile."""
        of = person.accounts if self.by_account or person.account_id is not None else ()
        within = f"account_id IN ({marks(of)}) AND " if of else ""
        sql = OF_PERSON.format(
            table=self.table, within=within, column=self.column, addresses=marks(person.addresses), condition=self.condition
        )
        last = 0
        while rows := query(sql, (*of, *person.addresses, last, CHUNK)):
            yield rows
            last = rows[-1]["id"]


KINDS = (
    Kind("contacts", "phone", _contacts),
    Kind("contacts", "email", _contacts),
    Kind("opt_outs", "address", _opt_outs),
    Kind("inbound_messages", "sender", _inbound),
    Kind("conversations", "phone", _conversations),
    Kind("verifications", "phone", _phone("verifications")),
    Kind("verification_sends", "phone", _phone("verification_sends")),
    Kind("verification_misses", "phone", _delete("verification_misses")),
    Kind("verification_phones", "phone", _delete("verification_phones")),
    # One that is under way is still asked for, by its phone; its money is told of by its gateway.
    Kind("deposits", "phone", _phone("deposits"), by_account=False, condition=" AND status <> 'pending'"),
)


def erase(person: Person) -> dict[str, int]:
    """How many rows of each table."""
    counts: dict[str, int] = {}
    for kind in KINDS:
        for rows in kind.pages(person):
            fresh = [row for row in rows if not is_erased(row[kind.column] or "")]
            write(lambda tx, kind=kind, fresh=fresh: kind.erase(tx, fresh, person))  # type: ignore[misc]  # mypy can't infer defaults
            counts[kind.table] = counts.get(kind.table, 0) + len(fresh)
    return counts
