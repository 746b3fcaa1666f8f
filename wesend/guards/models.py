"""Tables of the guards."""

from sqlalchemy import String, UniqueConstraint

from ..core.columns import Id, Instant
from ..database import db


class BlockedPrefix(db.Model):
    """Digits that begin numbers to which nobody sends: a whole number, or the first digits of many."""

    __tablename__ = "blocked_prefixes"
    id = db.mapped_column(Id, primary_key=True)
    prefix = db.mapped_column(String, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (UniqueConstraint("prefix"),)
