"""Webhook endpoints, their deliveries (the outbox) and each delivery's attempts."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text

from ..core.columns import Id, Instant
from ..database.schema import db


class WebhookEndpoint(db.Model):
    """Where an account hears of its messages. ``events``: a comma list, or all."""

    __tablename__ = "webhook_endpoints"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False, index=True)
    format = db.mapped_column(String, nullable=False)  # a dialect's name
    url = db.mapped_column(String, nullable=False)  # without a user and password
    credentials = db.mapped_column(Text)  # sealed: `user:password`, sent as Basic
    secret = db.mapped_column(Text, nullable=False)  # sealed
    events = db.mapped_column(String)
    managed = db.mapped_column(Integer, nullable=False, server_default="0")
    side = db.mapped_column(String)  # of the key that made it; none: it hears of both sides
    service_id = db.mapped_column(ForeignKey("two_way_services.id"))
    is_active = db.mapped_column(Integer, nullable=False, server_default="1")
    disabled_reason = db.mapped_column(String)
    failing_since = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        Index("uq_webhook_endpoints_service_id", "service_id", unique=True, sqlite_where=text("service_id IS NOT NULL")),
    )


class ListeningSecret(db.Model):
    """What listening commands sign a format's events with: the same at every start, another for each side."""

    __tablename__ = "listening_secrets"
    side = db.mapped_column(String, primary_key=True)
    format = db.mapped_column(String, primary_key=True)
    secret = db.mapped_column(Text, nullable=False)  # sealed


class WebhookDelivery(db.Model):
    """One event for one endpoint. ``due_at`` of a claimed one is the end of its lease.

    ``payload`` is frozen with the row; that of a large batch is written at the first attempt. ``once`` is set on what
    an endpoint may hear of only once.
    """

    __tablename__ = "webhook_deliveries"
    id = db.mapped_column(Id, primary_key=True)
    uid = db.mapped_column(String, nullable=False, unique=True)  # the webhook-id of every attempt
    endpoint_id = db.mapped_column(ForeignKey("webhook_endpoints.id"), nullable=False)
    event = db.mapped_column(String, nullable=False)
    subject = db.mapped_column(String, nullable=False)
    once = db.mapped_column(String)
    payload = db.mapped_column(Text)
    status = db.mapped_column(String, nullable=False, server_default="pending")
    attempts = db.mapped_column(Integer, nullable=False, server_default="0")  # of this round
    due_at = db.mapped_column(Instant, nullable=False)
    claim_token = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False)
    finished_at = db.mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivered', 'exhausted')", name="status"),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_due", "endpoint_id", "due_at", "id", sqlite_where=text("status = 'pending'")),
        Index("uq_webhook_deliveries_once", "endpoint_id", "once", unique=True, sqlite_where=text("once IS NOT NULL")),
    )


class WebhookAttempt(db.Model):
    """One POST: what was answered (status and the first 2 KB), or why nothing was."""

    __tablename__ = "webhook_attempts"
    id = db.mapped_column(Id, primary_key=True)
    delivery_id = db.mapped_column(ForeignKey("webhook_deliveries.id"), nullable=False)
    at = db.mapped_column(Instant, nullable=False)
    duration_ms = db.mapped_column(Integer, nullable=False)
    status_code = db.mapped_column(Integer)
    error = db.mapped_column(String)
    answer = db.mapped_column(Text)
    __table_args__ = (Index("ix_webhook_attempts_delivery_id", "delivery_id", "id"),)
