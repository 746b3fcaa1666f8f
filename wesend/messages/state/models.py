"""Batches, messages, their timeline, receipts that came early, and the daily roll-up.

The messages table is the queue. Lane 0 are messages of small sends, claimed one by one when due; lane 1 are
messages of a bulk, claimed through their batch, so that an unfinished or paused batch costs nothing to skip. Small
sends of a suspended account lie in lane 2, and in lane 3 when they wait for the operator's word: out of everybody's way.
"""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy import text as condition  # a column of Batch is named text

from ...core.columns import Id, Instant, Micros
from ...database.schema import db


class Batch(db.Model):
    """One call to send. The counters move in the transaction that moves a message."""

    __tablename__ = "batches"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"))
    api = db.mapped_column(String, nullable=False)  # the dialect it came through, or portal, cli
    channel = db.mapped_column(String, nullable=False, server_default="sms")
    lane = db.mapped_column(Integer, nullable=False)
    state = db.mapped_column(String, nullable=False)
    in_request = db.mapped_column(Integer, nullable=False, server_default="0")  # answered from what the gateways said
    mode = db.mapped_column(String, nullable=False, server_default="now")
    text = db.mapped_column(Text, nullable=False)
    placeholders = db.mapped_column(String)  # of an e-mail: how its text names fields (`mail_texts`); None: it names none
    # its text holds a secret: masked here, sealed in its messages, not retried
    confidential = db.mapped_column(Integer, nullable=False, server_default="0")
    subject = db.mapped_column(Text)
    sender = db.mapped_column(String)
    reference = db.mapped_column(String)
    group_id = db.mapped_column(Integer)
    namespace = db.mapped_column(String)  # of the sandbox: in which part of its inbox it is caught
    skipped = db.mapped_column(Text)  # JSON array of [recipient, reason, position among what was asked for]
    total = db.mapped_column(Integer, nullable=False)
    queued = db.mapped_column(Integer, nullable=False, server_default="0")
    submitted = db.mapped_column(Integer, nullable=False, server_default="0")
    delivered = db.mapped_column(Integer, nullable=False, server_default="0")
    failed = db.mapped_column(Integer, nullable=False, server_default="0")
    cancelled = db.mapped_column(Integer, nullable=False, server_default="0")
    cost_micros = db.mapped_column(Micros, nullable=False)
    refunded_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    owed_micros = db.mapped_column(Micros, nullable=False, server_default="0")  # of that, not yet back in the wallet
    currency = db.mapped_column(String(3), nullable=False)
    drip_rate = db.mapped_column(Integer)
    scheduled_at = db.mapped_column(Instant)
    lease_until = db.mapped_column(Instant)  # of a bulk that is still being written, or cancelled
    valid_for = db.mapped_column(Integer)  # seconds from when a message is due, after which it fails
    keeps_quiet = db.mapped_column(Integer, nullable=False, server_default="0")  # waits for its account's quiet hours to end
    held_at = db.mapped_column(Instant)  # paused because its account was suspended too long: the operator decides
    created_at = db.mapped_column(Instant, nullable=False)
    finished_at = db.mapped_column(Instant)
    __table_args__ = (
        CheckConstraint(
            "state IN ('intake', 'open', 'paused', 'cancelled', 'finished', 'refused', 'rejected', 'cancelling')", name="state"
        ),
        CheckConstraint("mode IN ('now', 'scheduled', 'drip')", name="mode"),
        Index("ix_batches_account_id", "account_id", "id", sqlite_where=condition("lane = 1")),  # campaigns
        Index("ix_batches_bulk", "id", sqlite_where=condition("lane = 1 AND state IN ('intake', 'open', 'cancelling')")),
        Index("ix_batches_namespace", "namespace", "id", sqlite_where=condition("namespace IS NOT NULL")),
        Index("ix_batches_held", "account_id", sqlite_where=condition("held_at IS NOT NULL")),
        Index("ix_batches_unaccepted", "id", sqlite_where=condition("state IN ('intake', 'rejected')")),
    )


class Message(db.Model):
    """One message to one recipient. Statuses and their moves: `transitions.py`."""

    __tablename__ = "messages"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    batch_id = db.mapped_column(ForeignKey("batches.id"), nullable=False)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False)
    channel = db.mapped_column(String, nullable=False, server_default="sms")
    lane = db.mapped_column(Integer, nullable=False)
    recipient = db.mapped_column(String, nullable=False)
    country = db.mapped_column(String(2))
    sender = db.mapped_column(String)
    text = db.mapped_column(Text, nullable=False)
    fields = db.mapped_column(Text)  # of an e-mail: what its text is filled in with (`mail_texts`); of an SMS: `sealed_texts`
    subject = db.mapped_column(Text)
    encoding = db.mapped_column(String)
    form = db.mapped_column(String)  # of an SMS that is no plain text (`core/sms_forms`)
    tells_smpp = db.mapped_column(Integer, nullable=False, server_default="0")  # its SMPP client asked for receipts
    segments = db.mapped_column(Integer, nullable=False)
    cost_micros = db.mapped_column(Micros, nullable=False)  # in the wallet's currency, of one charge
    refunded_micros = db.mapped_column(Micros, nullable=False, server_default="0")  # of the last charge
    charges = db.mapped_column(Integer, nullable=False, server_default="1")
    route = db.mapped_column(String)
    route_cost_micros = db.mapped_column(Micros)
    route_currency = db.mapped_column(String(3))
    gateway = db.mapped_column(String, nullable=False)
    gateway_ref = db.mapped_column(String)
    status = db.mapped_column(String, nullable=False)
    error_code = db.mapped_column(String)
    error_message = db.mapped_column(String)
    due_at = db.mapped_column(Instant, nullable=False)
    valid_until = db.mapped_column(Instant)  # what has not left by then fails
    claim_token = db.mapped_column(String)
    lease_until = db.mapped_column(Instant)
    attempts = db.mapped_column(Integer, nullable=False, server_default="0")  # submissions since the last charge
    backoffs = db.mapped_column(Integer, nullable=False, server_default="0")  # waits for a temporary failure to pass
    retry_count = db.mapped_column(Integer, nullable=False, server_default="0")  # retries by hand
    polls = db.mapped_column(Integer, nullable=False, server_default="0")
    poll_at = db.mapped_column(Instant)
    expires_at = db.mapped_column(Instant)
    day = db.mapped_column(String(10), nullable=False)  # of creation, in the account's zone: the roll-up's key
    created_at = db.mapped_column(Instant, nullable=False)
    submitted_at = db.mapped_column(Instant)
    delivered_at = db.mapped_column(Instant)
    failed_at = db.mapped_column(Instant)
    sold_on = db.mapped_column(String(10))  # of acceptance, in the operator's zone: the margin's day; none: it is in no margin
    network = db.mapped_column(String)  # a guess by its prefix
    carrier_route = db.mapped_column(String)  # the route that it leaves by now
    carrier_cost_micros = db.mapped_column(Micros)  # what its carrier takes for this attempt; 0: it did not take it
    carrier_currency = db.mapped_column(String(3))
    __table_args__ = (
        CheckConstraint(
            "status IN ('scheduled', 'dripping', 'queued', 'claimed', 'submitting', 'submitted', 'sent', 'delivered',"
            " 'failed', 'cancelled', 'unknown')",
            name="status",
        ),
        CheckConstraint("refunded_micros BETWEEN 0 AND cost_micros", name="refund"),
        # What lists go through, in the order of days, which the roll-up counts; wallet_id at the end spares a look at the row.
        Index("ix_messages_account_day", "account_id", "channel", "day", "id"),
        Index("ix_messages_wallet_day", "wallet_id", "channel", "day", "id"),
        Index("ix_messages_account_status", "account_id", "channel", "status", "day", "id", "wallet_id"),
        Index("ix_messages_batch_id", "batch_id", "id"),
        Index("ix_messages_batch_failed", "batch_id", "id", sqlite_where=condition("status = 'failed'")),
        Index("ix_messages_recipient", "recipient", "id"),
        Index("ix_messages_gateway_ref", "gateway_ref", sqlite_where=condition("gateway_ref IS NOT NULL")),
        Index("ix_messages_queue", "gateway", "due_at", "id", sqlite_where=condition("status = 'queued' AND lane = 0")),
        Index(
            "ix_messages_bulk_queue",
            "batch_id",
            "gateway",
            "due_at",
            "id",
            sqlite_where=condition("status = 'queued' AND lane = 1"),
        ),
        Index("ix_messages_waiting", "lane", "due_at", sqlite_where=condition("status IN ('scheduled', 'dripping') AND lane = 0")),
        Index(
            "ix_messages_bulk_waiting",
            "batch_id",
            "due_at",
            sqlite_where=condition("status IN ('scheduled', 'dripping') AND lane = 1"),
        ),
        Index(
            "ix_messages_held",
            "account_id",
            "lane",
            "due_at",
            sqlite_where=condition("lane >= 2 AND status IN ('scheduled', 'dripping', 'queued')"),
        ),
        Index(
            "ix_messages_valid_until",
            "valid_until",
            sqlite_where=condition("valid_until IS NOT NULL AND status IN ('scheduled', 'dripping', 'queued')"),
        ),
        Index("ix_messages_lease", "lease_until", sqlite_where=condition("status IN ('claimed', 'submitting')")),
        Index("ix_messages_poll", "poll_at", sqlite_where=condition("poll_at IS NOT NULL")),
        Index("ix_messages_unknown", "id", sqlite_where=condition("status = 'unknown'")),
        Index("ix_messages_expiry", "expires_at", sqlite_where=condition("status IN ('submitted', 'sent', 'unknown')")),
    )


class MessageEvent(db.Model):
    """A line of a message's timeline; acceptance itself is not stored, the message's own row tells it."""

    __tablename__ = "message_events"
    id = db.mapped_column(Id, primary_key=True)
    message_id = db.mapped_column(ForeignKey("messages.id"), nullable=False)
    event = db.mapped_column(String, nullable=False)
    status = db.mapped_column(String, nullable=False)
    detail = db.mapped_column(String)
    meta = db.mapped_column(Text)  # JSON object
    at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (Index("ix_message_events_message_id", "message_id", "id"),)


class DailyCount(db.Model):
    """SMS by day of creation: what stats, volume and totals read instead of the messages."""

    __tablename__ = "daily_counts"
    account_id = db.mapped_column(ForeignKey("accounts.id"), primary_key=True)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), primary_key=True)
    day = db.mapped_column(String(10), primary_key=True)
    route = db.mapped_column(String, primary_key=True, server_default="")
    total = db.mapped_column(Integer, nullable=False, server_default="0")
    delivered = db.mapped_column(Integer, nullable=False, server_default="0")
    failed = db.mapped_column(Integer, nullable=False, server_default="0")
    cancelled = db.mapped_column(Integer, nullable=False, server_default="0")
    segments = db.mapped_column(BigInteger, nullable=False, server_default="0")  # accepted: what tiers of prices go by


class MarginDay(db.Model):
    """What was sold on a day, and what it cost at the carriers (`margins.py`).

    ``day`` in the operator's zone; ``revenue_micros`` in the wallet's currency, ``cost_micros`` in ``cost_currency``.
    """

    __tablename__ = "margin_days"
    day = db.mapped_column(String(10), primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), primary_key=True)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), primary_key=True)
    route = db.mapped_column(String, primary_key=True)
    gateway = db.mapped_column(String, primary_key=True)
    country = db.mapped_column(String, primary_key=True)
    network = db.mapped_column(String, primary_key=True)
    cost_currency = db.mapped_column(String(3), primary_key=True)
    messages = db.mapped_column(BigInteger, nullable=False, server_default="0")
    segments = db.mapped_column(BigInteger, nullable=False, server_default="0")
    delivered = db.mapped_column(BigInteger, nullable=False, server_default="0")
    failed = db.mapped_column(BigInteger, nullable=False, server_default="0")
    revenue_micros = db.mapped_column(Micros, nullable=False, server_default="0")
    cost_micros = db.mapped_column(Micros, nullable=False, server_default="0")


class CaughtBody(db.Model):
    """A mail that an application handed to the sandbox's SMTP port, as it came; ``size`` in bytes."""

    __tablename__ = "caught_bodies"
    id = db.mapped_column(Id, primary_key=True)
    raw = db.mapped_column(LargeBinary, nullable=False)
    size = db.mapped_column(Integer, nullable=False)
    __table_args__ = (Index("ix_caught_bodies_id_size", "id", "size"),)  # added up without a look at the mails


class CaughtMail(db.Model):
    """One of such a mail's recipients, in lower case."""

    __tablename__ = "caught_mails"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    recipient = db.mapped_column(String, nullable=False)
    body_id = db.mapped_column(ForeignKey("caught_bodies.id"), nullable=False, index=True)
    namespace = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (Index("ix_caught_mails_recipient", "recipient", "id"),)


class ForgottenMessage(db.Model):
    """A message that the sandbox's inbox does not show any more; its account's history does."""

    __tablename__ = "forgotten_messages"
    message_id = db.mapped_column(Id, primary_key=True, autoincrement=False)


class InboxStart(db.Model):
    """Up to which message the sandbox's inbox has forgotten all of a channel: a row a channel, instead of one a message."""

    __tablename__ = "inbox_starts"
    channel = db.mapped_column(String, primary_key=True)
    after_id = db.mapped_column(BigInteger, nullable=False)


class MessagePart(db.Model):
    """A part of a long message that its gateway knows by an id of its own, and what was said of it."""

    __tablename__ = "message_parts"
    id = db.mapped_column(Id, primary_key=True)
    message_id = db.mapped_column(ForeignKey("messages.id"), nullable=False)
    gateway_ref = db.mapped_column(String, nullable=False, index=True)
    status = db.mapped_column(String)
    code = db.mapped_column(String)
    text = db.mapped_column(String)
    __table_args__ = (Index("ix_message_parts_message_id", "message_id"),)


class BroughtReceipt(db.Model):
    """A receipt as a gateway reported it, kept before anything is made of it; one that comes early is matched later."""

    __tablename__ = "brought_receipts"
    id = db.mapped_column(Id, primary_key=True)
    gateway = db.mapped_column(String, nullable=False)
    gateway_ref = db.mapped_column(String)
    reference = db.mapped_column(String)
    recipient = db.mapped_column(String)
    part = db.mapped_column(String)  # which happening it is, where parts are told under one id; and how many there are
    parts = db.mapped_column(Integer)
    status = db.mapped_column(String, nullable=False)
    code = db.mapped_column(String)
    text = db.mapped_column(String)
    cost = db.mapped_column(String)  # of the message, with its currency, where the gateway tells it only now
    raw = db.mapped_column(Text)
    state = db.mapped_column(String, nullable=False, server_default="new")  # new, matched, unmatched
    message_id = db.mapped_column(ForeignKey("messages.id"))
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("state IN ('new', 'matched', 'unmatched')", name="state"),
        Index("ix_brought_receipts_new", "id", sqlite_where=condition("state = 'new'")),
        Index("ix_brought_receipts_unmatched", "created_at", sqlite_where=condition("state = 'unmatched'")),
        Index("ix_brought_receipts_message_id", "message_id", sqlite_where=condition("message_id IS NOT NULL")),
    )


class Reply(db.Model):
    """A message that left from a number that people write to: no gateway but that number's carries it.

    ``answer``: auto or help, of one that went out by itself; NULL: somebody wrote it.
    """

    __tablename__ = "replies"
    message_id = db.mapped_column(ForeignKey("messages.id"), primary_key=True)
    service_id = db.mapped_column(ForeignKey("two_way_services.id"), nullable=False)
    answer = db.mapped_column(String)
    __table_args__ = (
        CheckConstraint("answer IN ('auto', 'help')", name="answer"),
        Index("ix_replies_service_id", "service_id", "message_id"),
    )
