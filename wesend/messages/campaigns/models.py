"""Campaigns in the making: drafts, and texts that are kept to be used again."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint

from ...core.columns import Id, Instant
from ...database.schema import db


class CampaignDraft(db.Model):
    """A campaign's form as it was last typed; ``uid`` is the id that its batch will have. It goes when that is sent."""

    __tablename__ = "campaign_drafts"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    form = db.mapped_column(Text, nullable=False)  # JSON object of the form's fields
    author = db.mapped_column(String, nullable=False)  # who typed last
    created_at = db.mapped_column(Instant, nullable=False)
    updated_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (Index("ix_campaign_drafts_account_id", "account_id", "updated_at"),)


class TextTemplate(db.Model):
    """A text with a name, to begin campaigns or e-mails with; of the account. ``sender``: of an SMS; ``subject`` and ``format``:
    of an e-mail."""

    __tablename__ = "text_templates"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    name = db.mapped_column(String, nullable=False)
    text = db.mapped_column(Text, nullable=False)
    sender = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False)
    updated_at = db.mapped_column(Instant, nullable=False)
    channel = db.mapped_column(String, nullable=False, server_default="sms")
    subject = db.mapped_column(Text)
    format = db.mapped_column(String)
    __table_args__ = (UniqueConstraint("account_id", "name"),)
