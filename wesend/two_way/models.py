"""Incoming messages as they came and as they were given to accounts; numbers, services, prices, conversations."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy import text as condition

from ..core.columns import Id, Instant, Micros
from ..database.schema import db

ENDED = "'rejected', 'cancelled'"
"""The statuses of services that hold neither a number nor a keyword."""


class IncomingMessage(db.Model):
    """A message as a gateway told it, kept before anything is made of it. Parts of a long one are rows of their own.

    ``unanswered_at``: of a gateway without ids, until its acknowledgement was written; what is the same in every byte
    is known again by ``digest`` until then. ``account_id``: whose phone it was, of the dashboard's; or whom an operator
    gave it to.
    """

    __tablename__ = "incoming_messages"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    gateway = db.mapped_column(String, nullable=False)
    gateway_ref = db.mapped_column(String)
    sender = db.mapped_column(String, nullable=False)
    recipient = db.mapped_column(String)
    text = db.mapped_column(Text, nullable=False)
    raw = db.mapped_column(Text)
    meaning = db.mapped_column(String)
    part_ref = db.mapped_column(String)
    part_number = db.mapped_column(Integer)
    part_total = db.mapped_column(Integer)
    digest = db.mapped_column(String)
    unanswered_at = db.mapped_column(Instant)
    account_id = db.mapped_column(ForeignKey("accounts.id"))
    namespace = db.mapped_column(String)  # of the sandbox
    told_at = db.mapped_column(Instant, nullable=False)
    state = db.mapped_column(String, nullable=False, server_default="new")
    inbound_id = db.mapped_column(ForeignKey("inbound_messages.id"))
    __table_args__ = (
        CheckConstraint("state IN ('new', 'matched', 'unmatched', 'repeated')", name="state"),
        Index(
            "uq_incoming_messages_gateway_ref",
            "gateway",
            "gateway_ref",
            unique=True,
            sqlite_where=condition("gateway_ref IS NOT NULL AND state <> 'repeated'"),
        ),
        Index("ix_incoming_messages_new", "id", sqlite_where=condition("state = 'new'")),
        Index("ix_incoming_messages_unmatched", "id", sqlite_where=condition("state = 'unmatched'")),
        Index("ix_incoming_messages_unanswered", "gateway", "digest", sqlite_where=condition("unanswered_at IS NOT NULL")),
        Index(
            "ix_incoming_messages_parts",
            "gateway",
            "sender",
            "part_ref",
            sqlite_where=condition("part_ref IS NOT NULL AND state = 'new'"),
        ),
    )


class InboundMessage(db.Model):
    """A message that an account got: the sender in E.164, or as it was told when it is no phone; ``recipient`` as told.

    ``billed`` 0: its price could not be paid, or its service was suspended; ``answer``: which one of ours followed, and
    ``answer_note`` why it did not.
    """

    __tablename__ = "inbound_messages"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    service_id = db.mapped_column(ForeignKey("two_way_services.id"))
    wallet_id = db.mapped_column(ForeignKey("wallets.id"))
    side = db.mapped_column(String)
    gateway = db.mapped_column(String, nullable=False)
    sender = db.mapped_column(String, nullable=False)
    recipient = db.mapped_column(String)
    text = db.mapped_column(Text, nullable=False)
    keyword = db.mapped_column(String)
    opt_out = db.mapped_column(Integer, nullable=False, server_default="0")
    cost_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    currency = db.mapped_column(String(3))
    billed = db.mapped_column(Integer, nullable=False, server_default="1")
    answer = db.mapped_column(String)
    answer_note = db.mapped_column(String)
    namespace = db.mapped_column(String)  # of the sandbox
    forgotten = db.mapped_column(Integer, nullable=False, server_default="0")  # by the sandbox
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("cost_micros >= 0", name="cost"),
        Index("ix_inbound_messages_account_id", "account_id", "id"),
        Index("ix_inbound_messages_phone", "account_id", "sender", "id"),
        Index("ix_inbound_messages_service_id", "service_id", "created_at", sqlite_where=condition("service_id IS NOT NULL")),
        Index(
            "ix_inbound_messages_answers",
            "service_id",
            "sender",
            "answer",
            "created_at",
            sqlite_where=condition("answer IS NOT NULL"),
        ),
    )


class TwoWayNumber(db.Model):
    """A number that people write to. ``digits`` and ``national``: without sign and leading zeros, what numbers are compared by."""

    __tablename__ = "two_way_numbers"
    id = db.mapped_column(Id, primary_key=True)
    number = db.mapped_column(String, nullable=False)
    digits = db.mapped_column(String, nullable=False)
    national = db.mapped_column(String, nullable=False)
    gateway = db.mapped_column(String, nullable=False)
    country = db.mapped_column(String(2), nullable=False)
    type = db.mapped_column(String, nullable=False)
    side = db.mapped_column(String, nullable=False)
    is_on = db.mapped_column(Integer, nullable=False, server_default="1")
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("type IN ('dedicated', 'shared')", name="type"),
        Index("uq_two_way_numbers_digits", "gateway", "digits", "country", unique=True),
        Index("ix_two_way_numbers_national", "gateway", "national"),
    )


class TwoWayService(db.Model):
    """An account's number, or its keyword on a shared one. Fees and prices in micro-units of USD, as at its approval;
    a price that is NULL follows the country's. ``charged_micros``: its fees so far, of the wallet's currency.

    ``bill_at``: when the next month is tried to be paid; ``api``: the dialect that it was asked for through, or portal, cli.
    """

    __tablename__ = "two_way_services"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False)
    number_id = db.mapped_column(ForeignKey("two_way_numbers.id"))
    side = db.mapped_column(String, nullable=False)
    api = db.mapped_column(String, nullable=False)
    country = db.mapped_column(String(2), nullable=False)
    type = db.mapped_column(String, nullable=False)
    keyword = db.mapped_column(String)
    toll_free = db.mapped_column(Integer, nullable=False, server_default="0")
    use_case = db.mapped_column(Text, nullable=False)
    company_name = db.mapped_column(String, nullable=False)
    kyc_document_urls = db.mapped_column(Text, nullable=False, server_default="[]")
    auto_reply_enabled = db.mapped_column(Integer, nullable=False, server_default="0")
    auto_reply_text = db.mapped_column(Text)
    help_text = db.mapped_column(Text)
    forward_email = db.mapped_column(String)
    status = db.mapped_column(String, nullable=False, server_default="pending")
    rejection_reason = db.mapped_column(String)
    suspend_reason = db.mapped_column(String)
    setup_fee_micros = db.mapped_column(Micros)
    monthly_fee_micros = db.mapped_column(Micros)
    inbound_price_micros = db.mapped_column(Micros)
    outbound_price_micros = db.mapped_column(Micros)
    charged_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    months = db.mapped_column(Integer, nullable=False, server_default="0")
    activated_at = db.mapped_column(Instant)
    bill_at = db.mapped_column(Instant)
    past_due_since = db.mapped_column(Instant)
    suspended_at = db.mapped_column(Instant)
    cancelled_at = db.mapped_column(Instant)
    decided_at = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'active', 'past_due', 'suspended', 'rejected', 'cancelled')", name="status"),
        CheckConstraint("type IN ('dedicated', 'shared')", name="type"),
        Index("ix_two_way_services_account_id", "account_id", "id"),
        Index("ix_two_way_services_number_id", "number_id", "keyword"),
        Index(
            "uq_two_way_services_keyword",
            "country",
            "side",
            "keyword",
            unique=True,
            sqlite_where=condition(f"keyword IS NOT NULL AND status NOT IN ({ENDED})"),
        ),
        Index(
            "uq_two_way_services_dedicated",
            "number_id",
            unique=True,
            sqlite_where=condition(f"type = 'dedicated' AND number_id IS NOT NULL AND status NOT IN ({ENDED})"),
        ),
        Index("ix_two_way_services_bill_at", "bill_at", sqlite_where=condition("bill_at IS NOT NULL")),
        Index("ix_two_way_services_pending", "id", sqlite_where=condition("status = 'pending'")),
    )


class TwoWayPrice(db.Model):
    """What a country costs, in micro-units of USD; NULL prices: incoming free, outgoing its route's."""

    __tablename__ = "two_way_prices"
    country = db.mapped_column(String(2), primary_key=True)
    setup_fee_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    monthly_fee_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    keyword_fee_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    inbound_price_micros = db.mapped_column(Micros)
    outbound_price_micros = db.mapped_column(Micros)
    toll_free_price_micros = db.mapped_column(Micros)
    networks = db.mapped_column(String, nullable=False, server_default="")
    is_on = db.mapped_column(Integer, nullable=False, server_default="1")
    updated_at = db.mapped_column(Instant, nullable=False)


class Conversation(db.Model):
    """A phone and a number (or none) of an account: what the inbox lists, kept beside the messages."""

    __tablename__ = "conversations"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    phone = db.mapped_column(String, nullable=False)
    number = db.mapped_column(String, nullable=False, server_default="")
    service_id = db.mapped_column(ForeignKey("two_way_services.id"))
    side = db.mapped_column(String, nullable=False)
    text = db.mapped_column(Text, nullable=False)
    unread = db.mapped_column(Integer, nullable=False, server_default="0")
    opted_out = db.mapped_column(Integer, nullable=False, server_default="0")
    last_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        Index("uq_conversations_phone", "account_id", "phone", "number", "side", unique=True),
        Index("ix_conversations_last_at", "account_id", "last_at", "id"),
        Index("ix_conversations_service_id", "account_id", "service_id", "last_at", "id"),
        Index("ix_conversations_unread", "account_id", "last_at", "id", sqlite_where=condition("unread > 0")),
        Index("ix_conversations_opted_out", "account_id", "last_at", "id", sqlite_where=condition("opted_out = 1")),
    )


class ForwardedMail(db.Model):
    """A mail that is to tell somebody of a message; written with it, sent afterwards."""

    __tablename__ = "forwarded_mails"
    id = db.mapped_column(Id, primary_key=True)
    service_id = db.mapped_column(ForeignKey("two_way_services.id"), nullable=False)
    inbound_id = db.mapped_column(ForeignKey("inbound_messages.id"), nullable=False)
    recipient = db.mapped_column(String, nullable=False)
    state = db.mapped_column(String, nullable=False, server_default="waiting")
    attempts = db.mapped_column(Integer, nullable=False, server_default="0")
    due_at = db.mapped_column(Instant, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'given_up')", name="state"),
        Index("ix_forwarded_mails_service_id", "service_id", "created_at"),
        Index("ix_forwarded_mails_waiting", "due_at", sqlite_where=condition("state = 'waiting'")),
    )


class InboundCount(db.Model):
    """Incoming messages by what became of them, for /metrics."""

    __tablename__ = "inbound_counts"
    gateway = db.mapped_column(String, primary_key=True)
    outcome = db.mapped_column(String, primary_key=True)
    total = db.mapped_column(Integer, nullable=False, server_default="0")
