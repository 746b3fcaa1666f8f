"""SMPP keys, their open binds, what was submitted over them, and what is to be delivered."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text

from ..core.columns import Id, Instant
from ..database.schema import db


class SmppKey(db.Model):
    """What an API key of SMPP allows beside what every key has. ``rolled_to``: the key that took its place."""

    __tablename__ = "smpp_keys"
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"), primary_key=True, autoincrement=False)
    binds = db.mapped_column(Integer, nullable=False)
    tps = db.mapped_column(Integer, nullable=False)  # submit_sm a second, of a bind
    window_size = db.mapped_column(Integer, nullable=False)
    senders = db.mapped_column(String, nullable=False)
    default_sender = db.mapped_column(String)
    rolled_to = db.mapped_column(Integer)
    __table_args__ = (CheckConstraint("senders IN ('approved', 'any')", name="senders"),)


class SmppBind(db.Model):
    """An open bind. ``holder``: the process that has it, which says so by ``seen_at``; ``ends``: it is to end."""

    __tablename__ = "smpp_binds"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"), nullable=False, index=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    mode = db.mapped_column(String, nullable=False)
    address = db.mapped_column(String, nullable=False)
    tls = db.mapped_column(Integer, nullable=False)
    holder = db.mapped_column(String, nullable=False, index=True)
    submits = db.mapped_column(BigInteger, nullable=False, server_default="0")
    throttled = db.mapped_column(BigInteger, nullable=False, server_default="0")
    ends = db.mapped_column(Integer, nullable=False, server_default="0")
    since = db.mapped_column(Instant, nullable=False)
    seen_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (CheckConstraint("mode IN ('transmitter', 'receiver', 'transceiver')", name="mode"),)


class SmppRefusal(db.Model):
    """A bind or a submit_sm that was refused, for the page: the newest thousand."""

    __tablename__ = "smpp_refusals"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), index=True)
    system_id = db.mapped_column(String, nullable=False)
    address = db.mapped_column(String, nullable=False)
    command = db.mapped_column(String, nullable=False)
    status = db.mapped_column(Integer, nullable=False)
    reason = db.mapped_column(String, nullable=False)
    times = db.mapped_column(Integer, nullable=False, server_default="1")
    at = db.mapped_column(Instant, nullable=False)


class SmppSubmission(db.Model):
    """A submit_sm that was acknowledged and of which more is to be told: it asked for receipts, or is a part.

    ``message_id``: what it became, or became a part of; none while parts are missing. Addresses as they came, with their
    types. ``told``: the message_state of the last receipt; ``ended``: that of a part whose message never became whole.
    ``content``: of a part that waits; ``digest`` tells one that comes twice afterwards.
    """

    __tablename__ = "smpp_submissions"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"), nullable=False)
    message_id = db.mapped_column(ForeignKey("messages.id"))
    registered = db.mapped_column(Integer, nullable=False)
    source = db.mapped_column(LargeBinary, nullable=False)
    destination = db.mapped_column(LargeBinary, nullable=False)
    reference = db.mapped_column(LargeBinary)
    beginning = db.mapped_column(String, nullable=False)
    told = db.mapped_column(Integer)
    whole = db.mapped_column(String)  # what tells the parts of one message from all others
    part_number = db.mapped_column(Integer)
    part_total = db.mapped_column(Integer)
    data_coding = db.mapped_column(Integer)
    content = db.mapped_column(LargeBinary)
    digest = db.mapped_column(String)
    ended = db.mapped_column(Integer)
    ended_error = db.mapped_column(Integer)
    created_at = db.mapped_column(Instant, nullable=False)
    ended_at = db.mapped_column(Instant)
    __table_args__ = (
        Index("ix_smpp_submissions_message_id", "message_id", sqlite_where=text("message_id IS NOT NULL")),
        Index("ix_smpp_submissions_whole", "whole", "created_at", sqlite_where=text("whole IS NOT NULL")),
        Index(
            "ix_smpp_submissions_waiting",
            "created_at",
            sqlite_where=text("whole IS NOT NULL AND message_id IS NULL AND ended IS NULL"),
        ),
        Index("ix_smpp_submissions_created_at", "created_at"),
    )


class SmppDelivery(db.Model):
    """A deliver_sm that a client of the key has not acknowledged. ``parameters``: those after the body, for who knows them.

    ``due_at`` of one that is claimed is the end of its lease.
    """

    __tablename__ = "smpp_deliveries"
    id = db.mapped_column(Id, primary_key=True)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"), nullable=False)
    submission_id = db.mapped_column(Integer)
    kind = db.mapped_column(String, nullable=False)
    body = db.mapped_column(LargeBinary, nullable=False)
    parameters = db.mapped_column(LargeBinary, nullable=False)
    attempts = db.mapped_column(Integer, nullable=False, server_default="0")
    claim_token = db.mapped_column(String)
    due_at = db.mapped_column(Instant, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        CheckConstraint("kind IN ('receipt', 'inbound')", name="kind"),
        Index("ix_smpp_deliveries_due", "api_key_id", "due_at", "id"),
        Index("ix_smpp_deliveries_created_at", "created_at"),
        Index("ix_smpp_deliveries_submission_id", "submission_id", sqlite_where=text("submission_id IS NOT NULL")),
    )
