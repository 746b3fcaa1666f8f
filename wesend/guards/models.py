"""Tables of the guards."""

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint

from ..core.columns import Id, Instant
from ..database.schema import db


class BlockedPrefix(db.Model):
    """Digits that begin numbers to which nobody sends: a whole number, or the first digits of many."""

    __tablename__ = "blocked_prefixes"
    id = db.mapped_column(Id, primary_key=True)
    prefix = db.mapped_column(String, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (UniqueConstraint("prefix"),)


class RecentSend(db.Model):
    """A message that counts for a recipient or a burst limit, while it does.

    ``mark`` stands for whom it was to (`recent`): no number is in it. ``seq`` counts the messages of a mark. Every message that
    is bound writes here, so there is no index beside the key's: what counts no more is found by going round (`Rounds`).
    """

    __tablename__ = "recent_sends"
    mark = db.mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq = db.mapped_column(Integer, primary_key=True, autoincrement=False)
    at = db.mapped_column(Instant, nullable=False)
    until = db.mapped_column(Instant, nullable=False)
    __table_args__ = {"sqlite_with_rowid": False}


class BurstAlert(db.Model):
    """When an account reached its burst limit, at most once an hour: to be told of by webhook and by mail."""

    __tablename__ = "burst_alerts"
    account_id = db.mapped_column(ForeignKey("accounts.id"), primary_key=True)
    is_sandbox = db.mapped_column(Integer, primary_key=True, autoincrement=False)
    prefix = db.mapped_column(String, nullable=False)
    at = db.mapped_column(Instant, nullable=False)
    told_at = db.mapped_column(Instant)
    mailed_at = db.mapped_column(Instant)
