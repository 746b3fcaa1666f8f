"""How far sweeps have come, how often messages got each status, and what the operator was told of."""

from sqlalchemy import BigInteger, Integer, String

from ..core.columns import Instant
from ..database.schema import db


class Mark(db.Model):
    """The row id up to which a sweep has done its work."""

    __tablename__ = "marks"
    name = db.mapped_column(String, primary_key=True)
    value = db.mapped_column(BigInteger, nullable=False)


class StatusCount(db.Model):
    """How often messages of a dialect got a status at a gateway: the timeline up to the mark `statuses`, added up."""

    __tablename__ = "status_counts"
    api = db.mapped_column(String, primary_key=True)
    gateway = db.mapped_column(String, primary_key=True)
    status = db.mapped_column(String, primary_key=True)
    count = db.mapped_column(Integer, nullable=False)


class OperatorAlert(db.Model):
    """A condition that holds, and when the operator was last told of it (`notice_alerts`)."""

    __tablename__ = "operator_alerts"
    condition = db.mapped_column(String, primary_key=True)
    title = db.mapped_column(String, nullable=False)
    since = db.mapped_column(Instant, nullable=False)
    told_at = db.mapped_column(Instant, nullable=False)
