"""The tables in which a person may be named, each column of text in them, and whose they are."""

from __future__ import annotations

from typing import NamedTuple

from ..database import orm

IDS = frozenset(
    "uid token claim_token fingerprint token_sha256 code_sha256 secret_sha256 digest once status state event channel api side"
    " currency country day lane mode encoding code_hmac callback_token created_by".split()
)
"""Columns of our own words and ids: nobody is named there, and whatever is found by them must stay to be found."""

CONFIGURATION = frozenset(
    "accounts api_keys blocked_prefixes gateways routes sender_ids two_way_numbers two_way_services users verify_apps wallets"
    " webhook_endpoints".split()
)
"""What people have set up: it is told where a person stands in it, and theirs to change."""

NOBODY = frozenset(
    "operator_alerts user_spending"
    " access_tokens account_storage alembic_version burst_alerts caught_bodies caught_mails commits config_state daily_counts"
    " daily_use exchange_rates gateway_balances gateway_health gateway_pace hosts known_devices leases listening_secrets"
    " margin_days marks pending_sign_ins rate_windows recent_sends recovery_codes route_minutes route_states route_strategies"
    " second_factors simulated_outcomes slot_shares smpp_keys status_counts two_way_prices uploads user_sessions".split()
)
"""Tables of counts, prices and machines; files and mails as they came are looked through by themselves (`files`)."""

OF_ACCOUNT = {
    "message_events": "message_id IN (SELECT id FROM messages WHERE account_id = ?)",
    "message_parts": "message_id IN (SELECT id FROM messages WHERE account_id = ?)",
    "brought_receipts": "message_id IN (SELECT id FROM messages WHERE account_id = ?)",
    "webhook_deliveries": "endpoint_id IN (SELECT id FROM webhook_endpoints WHERE account_id = ?)",
    "webhook_attempts": (
        "delivery_id IN (SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
        " WHERE e.account_id = ?)"
    ),
    "idempotency_keys": "api_key_id IN (SELECT id FROM api_keys WHERE account_id = ?)",
    "ledger_entries": "wallet_id IN (SELECT id FROM wallets WHERE account_id = ?)",
}
"""Which rows are an account's, where no column says so."""


class Place(NamedTuple):
    """A table, its columns of text, and the condition of one account's rows (with its id), or None: it is nobody's."""

    table: str
    columns: tuple[str, ...]
    of_account: str | None


def places(*, configuration: bool = False) -> list[Place]:
    """Where people are named; or, in what was set up, may be."""
    from ..database import schema  # SQLAlchemy takes longer to load than most commands take

    found = []
    for table in schema.tables_of_text(orm().metadata):
        if table.name in NOBODY or not table.has_id or (table.name in CONFIGURATION) != configuration:
            continue
        columns = tuple(column for column in table.texts if column not in IDS)
        own = "account_id = ?" if table.is_of_account else OF_ACCOUNT.get(table.name)
        if columns:
            found.append(Place(table.name, columns, own))
    return found
