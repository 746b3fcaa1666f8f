"""What an account is given of its own: the files of its export, with the columns that are its own to see."""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """A file: its rows, which have an ``id``, and the columns of it."""

    name: str
    source: str
    columns: tuple[str, ...]
    condition: str = "account_id = ?"


def _part(name: str, source: str, columns: str, condition: str = "account_id = ?") -> Part:
    return Part(name, source, tuple(columns.split()), condition)


PARTS = (
    _part(
        "account",
        "accounts",
        "id name country time_zone language status countries daily_limit_micros recipient_limit burst_limit quiet_hours legal_name"
        " address tax_id created_at closed_at",
        "id = ?",
    ),
    _part(
        "wallets",
        "wallets",
        "uid name currency balance_micros credit_limit_micros is_sandbox sms_rate_micros purchase_currency low_balance_micros"
        " low_balance_mail created_at",
    ),
    _part(
        "ledger",
        "(SELECT l.*, w.uid AS wallet, w.currency, w.account_id FROM ledger_entries l JOIN wallets w ON w.id = l.wallet_id)",
        "id wallet currency kind amount_micros balance_after_micros description created_at",
    ),
    _part("deposits", "deposits", "uid reference amount_micros currency phone provider status reason credited_micros created_at"),
    _part(
        "keys",
        "api_keys",
        "id name api prefix scopes namespace expires_at allow_ip countries daily_limit_micros valid_for last_used_at last_used_ip"
        " revoked_at created_at",
    ),
    _part(
        "smpp_keys",
        "(SELECT s.*, k.id, k.account_id FROM smpp_keys s JOIN api_keys k ON k.id = s.api_key_id)",
        "id binds tps window_size senders default_sender",
    ),
    _part(
        "users",
        "users",
        "id email role rights status spending_limit_micros spending_currency spending_period language last_sign_in_at created_at",
    ),
    _part("senders", "sender_ids", "id name countries use_case status rejection_reason created_at decided_at"),
    _part("groups", "groups", "id name description tags columns contact_count created_at"),
    _part("contacts", "contacts", "id group_id phone country name email data created_at"),
    _part("drafts", "campaign_drafts", "uid form author created_at updated_at"),
    _part("templates", "text_templates", "id name channel subject text format sender created_at updated_at"),
    _part("opt_outs", "opt_outs", "channel address source side created_at"),
    _part(
        "batches",
        "batches",
        "uid api channel mode text subject sender reference total queued submitted delivered failed cancelled cost_micros"
        " refunded_micros currency skipped scheduled_at created_at finished_at",
    ),
    _part(
        "messages",
        "(SELECT m.*, b.uid AS batch FROM messages m JOIN batches b ON b.id = m.batch_id)",
        "uid batch channel recipient country sender subject text encoding segments cost_micros refunded_micros status error_code"
        " error_message due_at created_at submitted_at delivered_at failed_at",
    ),
    _part(
        "events",
        "(SELECT e.*, m.uid AS message, m.account_id FROM message_events e JOIN messages m ON m.id = e.message_id)",
        "message event status at",
    ),
    _part("inbound", "inbound_messages", "uid sender recipient text keyword opt_out cost_micros currency created_at"),
    _part("conversations", "conversations", "phone number text unread opted_out last_at"),
    _part(
        "two_way",
        "two_way_services",
        "id country type keyword toll_free use_case company_name kyc_document_urls status rejection_reason suspend_reason"
        " auto_reply_text auto_reply_enabled help_text forward_email setup_fee_micros monthly_fee_micros inbound_price_micros"
        " outbound_price_micros charged_micros months created_at decided_at activated_at cancelled_at",
    ),
    _part("verifications", "verifications", "uid phone sender name status expires_at created_at approved_at finished_at"),
    _part("verify_apps", "verify_apps", "uid name sender code_length expiry_seconds template max_attempts max_resends created_at"),
    _part("webhooks", "webhook_endpoints", "id format url events is_active disabled_reason created_at"),
    _part(
        "webhook_deliveries",
        "(SELECT d.*, e.account_id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id)",
        "uid endpoint_id event status attempts payload created_at finished_at",
    ),
    _part("api_calls", "api_calls", "at address method path status ms request_id code request_body answer_body"),
    _part("audit_log", "audit_log", "actor action subject detail at address"),
)
