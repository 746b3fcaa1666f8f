"""What waits for an operator: requests, and messages that are nobody's."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..database import query
from ..database.rows import TwoWayServiceRow

COUNT = "SELECT count(*) AS found FROM two_way_services WHERE status = 'pending' AND side = 'live'"
PENDING = """
    SELECT s.*, a.name AS account_name FROM two_way_services s JOIN accounts a ON a.id = s.account_id
    WHERE s.status = 'pending' AND s.side = 'live' ORDER BY s.id LIMIT 100
"""


class Requested(TwoWayServiceRow):
    account_name: str


def count_waiting() -> int:
    """Requests that nobody has decided; the sandbox's approve themselves."""
    return query(COUNT)[0]["found"]


def list_pending(*, actor: Actor) -> list[Requested]:
    """Oldest first, each with its account's name."""
    roles.require(actor, OPERATE)
    return query(PENDING)
