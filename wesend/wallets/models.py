"""Wallets, their immutable ledger, and deposits (top-ups by mobile money)."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text

from ..core.columns import Id, Instant, Micros
from ..database.schema import db


class Wallet(db.Model):
    """``currency`` is ISO 4217 or ``SMS`` for credits, which are bought at ``sms_rate_micros`` of
    ``purchase_currency``.
    """

    __tablename__ = "wallets"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False, index=True)
    currency = db.mapped_column(String(3), nullable=False)
    balance_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    credit_limit_micros = db.mapped_column(Micros, nullable=False, server_default="0")  # how far below zero it may fall
    is_sandbox = db.mapped_column(Integer, nullable=False, server_default="0")
    sms_rate_micros = db.mapped_column(Micros)
    purchase_currency = db.mapped_column(String(3), nullable=False)
    low_balance_micros = db.mapped_column(Micros)  # below it its owner is told, once a crossing
    low_balance_mail = db.mapped_column(String)
    low_balance_told_at = db.mapped_column(Instant)
    low_balance_mailed_at = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    name = db.mapped_column(String)  # what people call it
    __table_args__ = (
        CheckConstraint("balance_micros + credit_limit_micros >= 0 AND credit_limit_micros >= 0", name="not_overdrawn"),
    )


class LedgerEntry(db.Model):
    """One movement of a balance. Never updated, never deleted (triggers). ``charge_no`` counts a message's payments,
    and a service's months (0: its setup).
    """

    __tablename__ = "ledger_entries"
    id = db.mapped_column(Id, primary_key=True)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False)
    kind = db.mapped_column(String, nullable=False)
    amount_micros = db.mapped_column(Micros, nullable=False)
    balance_after_micros = db.mapped_column(Micros, nullable=False)
    description = db.mapped_column(String, nullable=False)
    batch_id = db.mapped_column(ForeignKey("batches.id"))
    message_id = db.mapped_column(ForeignKey("messages.id"))
    deposit_id = db.mapped_column(ForeignKey("deposits.id"))
    inbound_id = db.mapped_column(ForeignKey("inbound_messages.id"))
    service_id = db.mapped_column(ForeignKey("two_way_services.id"))
    charge_no = db.mapped_column(Integer)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint(
            "kind IN ('credit', 'sms_charge', 'refund', 'manual_credit', 'manual_debit', 'service_fee', 'inbound_charge',"
            " 'sandbox_reset')",
            name="kind",
        ),
        CheckConstraint(
            "kind = 'sandbox_reset' OR"
            " (kind IN ('sms_charge', 'manual_debit', 'service_fee', 'inbound_charge')) = (amount_micros < 0)",
            name="sign",
        ),
        Index("ix_ledger_entries_wallet_id", "wallet_id", "id"),
        Index("ix_ledger_entries_batch_id", "batch_id", sqlite_where=text("batch_id IS NOT NULL")),
        Index("ix_ledger_entries_message_id", "message_id", sqlite_where=text("message_id IS NOT NULL")),
        Index(
            "uq_ledger_entries_refund",
            "message_id",
            "charge_no",
            unique=True,
            sqlite_where=text("kind = 'refund' AND message_id IS NOT NULL"),
        ),
        Index(
            "uq_ledger_entries_recharge",
            "message_id",
            "charge_no",
            unique=True,
            sqlite_where=text("kind = 'sms_charge' AND message_id IS NOT NULL"),
        ),
        Index("uq_ledger_entries_inbound", "inbound_id", unique=True, sqlite_where=text("inbound_id IS NOT NULL")),
        Index("uq_ledger_entries_service", "service_id", "charge_no", unique=True, sqlite_where=text("service_id IS NOT NULL")),
        Index("uq_ledger_entries_deposit", "deposit_id", unique=True, sqlite_where=text("deposit_id IS NOT NULL")),
    )


class Deposit(db.Model):
    """A top-up. ``amount_micros`` of ``currency`` was asked for; ``credited_micros`` of the wallet's was given."""

    __tablename__ = "deposits"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    reference = db.mapped_column(String, nullable=False, unique=True)  # ours, a UUID, known to the gateway
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False, index=True)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False, index=True)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"))
    amount_micros = db.mapped_column(Micros, nullable=False)
    currency = db.mapped_column(String(3), nullable=False)
    rate_micros = db.mapped_column(Micros)
    phone = db.mapped_column(String, nullable=False)
    provider = db.mapped_column(String)
    gateway = db.mapped_column(String, nullable=False)
    gateway_ref = db.mapped_column(String, index=True)
    status = db.mapped_column(String, nullable=False)
    reason = db.mapped_column(String)
    credited_micros = db.mapped_column(Micros)
    polls = db.mapped_column(Integer, nullable=False, server_default="0")
    poll_at = db.mapped_column(Instant)
    expires_at = db.mapped_column(Instant, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    updated_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'successful', 'failed', 'expired')", name="status"),
        Index("ix_deposits_phone", "phone", "created_at"),
        Index("ix_deposits_poll_at", "poll_at", sqlite_where=text("poll_at IS NOT NULL")),
    )
