"""What several hosts agree on, as rows: used on PostgreSQL. On one machine the same lies in files, and these tables are empty."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String

from ..core.columns import Id, Instant
from ..database.schema import db


class Host(db.Model):
    """A server: `wesend up` on one machine. ``id``: see `hosts`; ``pid`` is that of the process that was started."""

    __tablename__ = "hosts"
    id = db.mapped_column(String, primary_key=True)
    name = db.mapped_column(String, nullable=False)
    pid = db.mapped_column(Integer, nullable=False)
    version = db.mapped_column(String, nullable=False)
    since = db.mapped_column(Instant, nullable=False)
    last_seen = db.mapped_column(Instant, nullable=False)


class Lease(db.Model):
    """Who alone does something, until when. ``epoch`` rises with every change of the holder, and never falls.

    ``beat_at``: when the work itself last showed a sign of life; the lease may be renewed while its holder's work stands still.
    """

    __tablename__ = "leases"
    name = db.mapped_column(String, primary_key=True)
    epoch = db.mapped_column(BigInteger, nullable=False)
    holder = db.mapped_column(String, nullable=False)
    host = db.mapped_column(String, nullable=False)
    lease_until = db.mapped_column(Instant, nullable=False)
    beat_at = db.mapped_column(Instant, nullable=False)


class SlotShare(db.Model):
    """How many of a gateway's calls at once a process may have under way, until its lease ends.

    ``wants_until``: until then it waits for more than it has.
    """

    __tablename__ = "slot_shares"
    name = db.mapped_column(String, primary_key=True)
    holder = db.mapped_column(String, primary_key=True)
    slots = db.mapped_column(Integer, nullable=False)
    wants_until = db.mapped_column(Instant, nullable=False)
    lease_until = db.mapped_column(Instant, nullable=False)


class GatewayPace(db.Model):
    """Up to when a gateway's messages a second are handed out, in microseconds since 1970."""

    __tablename__ = "gateway_pace"
    gateway = db.mapped_column(String, primary_key=True)
    next_free_us = db.mapped_column(BigInteger, nullable=False)


class RateWindow(db.Model):
    """A key's current minute: the requests that were handed out to hosts."""

    __tablename__ = "rate_windows"
    key_id = db.mapped_column(Id, primary_key=True, autoincrement=False)
    opened_at = db.mapped_column(Instant, nullable=False)
    taken = db.mapped_column(BigInteger, nullable=False)


class AccessToken(db.Model):
    """A gateway's access token, sealed."""

    __tablename__ = "access_tokens"
    gateway = db.mapped_column(String, primary_key=True)
    sealed = db.mapped_column(String, nullable=False)


class Upload(db.Model):
    """A file that waits to be imported. ``size`` in bytes; it is whole once ``size`` is there."""

    __tablename__ = "uploads"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(Integer, nullable=False)
    token = db.mapped_column(String, nullable=False, unique=True)
    size = db.mapped_column(BigInteger)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (Index("ix_uploads_account_id", "account_id"),)


class UploadChunk(db.Model):
    __tablename__ = "upload_chunks"
    upload_id = db.mapped_column(Integer, ForeignKey("uploads.id", name="fk_upload_chunks_upload_id"), primary_key=True)
    number = db.mapped_column(Integer, primary_key=True)
    data = db.mapped_column(LargeBinary, nullable=False)
