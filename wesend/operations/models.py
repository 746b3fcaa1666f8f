"""How far sweeps have come, and how often messages got each status."""

from sqlalchemy import BigInteger, Integer, String

from ..database import db


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
