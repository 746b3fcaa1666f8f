"""The inbox's lists are read by an index however much there is, without a sort of everything."""

from __future__ import annotations

import pytest

from wesend.database import query
from wesend.two_way import inbox, matching, owners


@pytest.fixture(autouse=True)
def on_sqlite(postgresql_server):
    if postgresql_server is not None:
        pytest.skip("as SQLite tells its plans")


def plan(sql: str, values: tuple) -> str:
    return "; ".join(row["detail"] for row in query(f"EXPLAIN QUERY PLAN {sql}", values))


PAGES = {
    "everything": inbox.Wanted(),
    "a service": inbox.Wanted(service_id=1),
    "unread": inbox.Wanted(only=inbox.UNREAD),
    "opted out": inbox.Wanted(only=inbox.OPTED_OUT),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_conversations_is_a_piece_of_an_index(name):
    condition, values = inbox._condition(1, PAGES[name])
    found = plan(inbox.PAGE.format(name=inbox.NAME, condition=condition), (1, 9, 9, 9, *values, 50))
    assert "ix_conversations_" in found and "last_at<?" in found and "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("sql", "values", "index"),
    [
        (inbox.UNREAD_COUNT, (1,), "ix_conversations_unread"),
        (inbox.RECEIVED, (1, 50), "ix_inbound_messages_account_id"),
        (inbox.RECEIVED_OF, (1, "+256712345678", 50), "ix_inbound_messages_phone"),
        (inbox.WROTE, (1, "+256712345678", None, "live", "live", 50), "ix_inbound_messages_phone"),
        (inbox.GOT, ("+256712345678", 1, 0, None, 50), "ix_messages_recipient"),
        (matching.WAITING, (0, 50), "ix_incoming_messages_new"),
        (owners.LAST_TO_WRITE, ("+256712345678", "line", None), "ix_messages_recipient"),
    ],
)
def test_what_is_asked_all_the_time_has_an_index(sql, values, index):
    found = plan(sql, values)
    assert index in found and "SCAN" not in found.replace("SCAN incoming_messages USING INDEX", "")
