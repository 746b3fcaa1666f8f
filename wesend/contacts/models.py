"""Contact groups (eSMS calls them contact lists) and their contacts."""

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from ..core.columns import Id, Instant
from ..database.schema import db


class Group(db.Model):
    __tablename__ = "groups"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    name = db.mapped_column(String, nullable=False)
    description = db.mapped_column(Text)
    tags = db.mapped_column(Text, nullable=False, server_default="[]")  # JSON array
    columns = db.mapped_column(Text, nullable=False, server_default="[]")  # JSON array: headers of the import
    contact_count = db.mapped_column(Integer, nullable=False, server_default="0")
    state = db.mapped_column(String, nullable=False, server_default="ready")  # importing, ready, deleting
    side = db.mapped_column(String)  # of the key that made it; none: people did, for both sides
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        Index("ix_groups_account_id", "account_id", "id"),
        Index("uq_groups_name", "account_id", "name", unique=True, sqlite_where=text("state <> 'deleting' AND side IS NULL")),
        # One side must not learn by a refusal what the other has.
        Index("uq_groups_side_name", "account_id", "name", "side", unique=True, sqlite_where=text("state <> 'deleting'")),
    )


class Contact(db.Model):
    """A phone in a group. ``data`` is a JSON object of every other field, keys as they were given."""

    __tablename__ = "contacts"
    id = db.mapped_column(Id, primary_key=True)
    group_id = db.mapped_column(ForeignKey("groups.id"), nullable=False)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    phone = db.mapped_column(String, nullable=False)  # E.164
    country = db.mapped_column(String(2), nullable=False)
    name = db.mapped_column(String)
    email = db.mapped_column(String)  # lower case
    data = db.mapped_column(Text)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        UniqueConstraint("group_id", "phone"),
        Index("ix_contacts_group_id", "group_id", "id"),  # a page of a group must not sort all of it
        Index("ix_contacts_account_phone", "account_id", "phone"),
        Index("ix_contacts_account_email", "account_id", "email", sqlite_where=text("email IS NOT NULL")),
    )
