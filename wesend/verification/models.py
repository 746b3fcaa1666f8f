"""Verifications, the messages that carried their codes, wrong answers, and apps."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from ..core.columns import Id, Instant
from ..database.schema import db


class VerifyApp(db.Model):
    """Settings that verifications share; one that was deleted stays, for those that name it."""

    __tablename__ = "verify_apps"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    side = db.mapped_column(String, nullable=False)  # of the key that made it
    name = db.mapped_column(String, nullable=False)
    sender = db.mapped_column(String)
    code_length = db.mapped_column(Integer, nullable=False)
    expiry_seconds = db.mapped_column(Integer, nullable=False)
    template = db.mapped_column(Text)
    max_attempts = db.mapped_column(Integer, nullable=False)
    max_resends = db.mapped_column(Integer, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    deleted_at = db.mapped_column(Instant)
    __table_args__ = (Index("ix_verify_apps_account_id", "account_id", "id"),)


class Verification(db.Model):
    """``code_hmac`` is forgotten when it ends. ``sender`` is what its message carries, ``asked_sender`` what was asked for."""

    __tablename__ = "verifications"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False)
    side = db.mapped_column(String, nullable=False)  # of the wallet
    app_id = db.mapped_column(ForeignKey("verify_apps.id"))
    phone = db.mapped_column(String, nullable=False)
    sender = db.mapped_column(String)
    asked_sender = db.mapped_column(String)
    name = db.mapped_column(String, nullable=False)  # for {{app}}
    template = db.mapped_column(Text)
    code_length = db.mapped_column(Integer, nullable=False)
    expiry_seconds = db.mapped_column(Integer, nullable=False)
    status = db.mapped_column(String, nullable=False)
    code_hmac = db.mapped_column(String)
    attempts_remaining = db.mapped_column(Integer, nullable=False)
    resends_remaining = db.mapped_column(Integer, nullable=False)
    message_id = db.mapped_column(ForeignKey("messages.id"), nullable=False)  # the latest
    expires_at = db.mapped_column(Instant, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    approved_at = db.mapped_column(Instant)
    finished_at = db.mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'failed', 'expired', 'canceled')", name="status"),
        CheckConstraint("attempts_remaining >= 0 AND resends_remaining >= 0", name="remaining"),
        CheckConstraint("status = 'pending' OR code_hmac IS NULL", name="forgotten"),
        Index("ix_verifications_account_id", "account_id", "id"),
        Index("ix_verifications_phone", "account_id", "phone", "id"),
        Index("ix_verifications_app_id", "app_id", "created_at"),
        Index("ix_verifications_pending", "expires_at", sqlite_where=text("status = 'pending'")),
    )


class VerificationSend(db.Model):
    """A message that carried a code: what a verification costs, and what a phone's limits count."""

    __tablename__ = "verification_sends"
    id = db.mapped_column(Id, primary_key=True)
    verification_id = db.mapped_column(ForeignKey("verifications.id"), nullable=False, index=True)
    message_id = db.mapped_column(ForeignKey("messages.id"), nullable=False, index=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    phone = db.mapped_column(String, nullable=False)
    side = db.mapped_column(String, nullable=False)
    sent_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (Index("ix_verification_sends_phone", "account_id", "phone", "side", "sent_at"),)


class VerificationMiss(db.Model):
    """A wrong answer, kept for as long as a phone's limit counts it."""

    __tablename__ = "verification_misses"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    phone = db.mapped_column(String, nullable=False)
    at = db.mapped_column(Instant, nullable=False, index=True)
    __table_args__ = (Index("ix_verification_misses_phone", "account_id", "phone", "at"),)


class VerificationPhone(db.Model):
    """A phone of an account, of whose verifications one thing happens after the other: each begins by changing this row."""

    __tablename__ = "verification_phones"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    phone = db.mapped_column(String, nullable=False)
    touched_at = db.mapped_column(Instant, nullable=False, index=True)
    __table_args__ = (UniqueConstraint("account_id", "phone"),)
