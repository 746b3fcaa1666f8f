"""Gateways as the operator configured them. Two need no configuration: `sandbox` and `sandbox-money`."""

from sqlalchemy import BigInteger, Integer, String, Text

from ..core.columns import Id, Instant, Micros
from ..database.schema import db


class Gateway(db.Model):
    """``options`` is JSON; ``secrets`` is JSON encrypted at rest; ``callback_token`` stands in the callback's path."""

    __tablename__ = "gateways"
    id = db.mapped_column(Id, primary_key=True)
    name = db.mapped_column(String, nullable=False, unique=True)
    type = db.mapped_column(String, nullable=False)
    options = db.mapped_column(Text, nullable=False)
    secrets = db.mapped_column(Text, nullable=False)
    callback_token = db.mapped_column(String, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)


class GatewayHealth(db.Model):
    """What was last seen of a gateway that fails, or has failed: `breaker.py`. One that never did has no row."""

    __tablename__ = "gateway_health"
    gateway = db.mapped_column(String, primary_key=True)
    failures = db.mapped_column(Integer, nullable=False, server_default="0")  # one after the other
    rests_until = db.mapped_column(Instant)
    last_error = db.mapped_column(String)
    last_error_at = db.mapped_column(Instant)
    link_trouble = db.mapped_column(String)  # why its own connection is down: `links.py`
    link_trouble_at = db.mapped_column(Instant)


class GatewayBalance(db.Model):
    """What is left at a gateway's vendor, as it last said: `balances.py`. Without a currency it is credits."""

    __tablename__ = "gateway_balances"
    gateway = db.mapped_column(String, primary_key=True)
    amount_micros = db.mapped_column(Micros)
    currency = db.mapped_column(String)
    told_at = db.mapped_column(Instant)
    asked_at = db.mapped_column(Instant)
    low_since = db.mapped_column(Instant)  # below the option balance_alert
    mailed_at = db.mapped_column(Instant)


class UnlistedWord(db.Model):
    """A word of a vendor's receipts that is in no list of its file, and how often it came."""

    __tablename__ = "unlisted_words"
    gateway = db.mapped_column(String, primary_key=True)
    word = db.mapped_column(String, primary_key=True)
    receipts = db.mapped_column(BigInteger, nullable=False, server_default="0")
    last_at = db.mapped_column(Instant, nullable=False)


class SandboxRule(db.Model):
    """What the sandbox does with the next messages to a number. ``times`` it still does so; NULL: always."""

    __tablename__ = "sandbox_rules"
    id = db.mapped_column(Id, primary_key=True)
    recipient = db.mapped_column(String, nullable=False)
    outcome = db.mapped_column(String, nullable=False)
    delay_ms = db.mapped_column(BigInteger)
    times = db.mapped_column(Integer)
    namespace = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False)


class SimulatedOutcome(db.Model):
    """What a rule has made of a message, fixed when the message was accepted."""

    __tablename__ = "simulated_outcomes"
    message_uid = db.mapped_column(String, primary_key=True)
    outcome = db.mapped_column(String, nullable=False)
    delay_ms = db.mapped_column(BigInteger)
    created_at = db.mapped_column(Instant, nullable=False, index=True)
