"""Routes and their prices, exchange rates, sender IDs, opt-outs."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text

from ..core.columns import Id, Instant, Micros
from ..database.schema import db


class Route(db.Model):
    """``prefixes`` is a comma list of MSISDN prefixes without ``+`` (empty: the whole country)."""

    __tablename__ = "routes"
    id = db.mapped_column(Id, primary_key=True)
    code = db.mapped_column(String, nullable=False, unique=True)
    name = db.mapped_column(String, nullable=False)
    country = db.mapped_column(String(2), nullable=False, index=True)
    prefixes = db.mapped_column(String, nullable=False, server_default="")
    gateway = db.mapped_column(String)
    price_micros = db.mapped_column(Micros, nullable=False)
    currency = db.mapped_column(String(3), nullable=False)
    priority = db.mapped_column(Integer, nullable=False, server_default="0")
    default_sender = db.mapped_column(String)
    refund_failed_delivery = db.mapped_column(Integer, nullable=False, server_default="0")
    network = db.mapped_column(String)
    weight = db.mapped_column(Integer, nullable=False, server_default="1")
    resend_undelivered = db.mapped_column(Integer, nullable=False, server_default="0")
    cost_micros = db.mapped_column(Micros)  # of a segment at the carrier; none: as the price
    cost_currency = db.mapped_column(String(3))
    is_active = db.mapped_column(Integer, nullable=False, server_default="1")
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (CheckConstraint("price_micros >= 0", name="price"),)


class RouteStrategy(db.Model):
    """By what the routes of a country, or of a prefix (MSISDN without ``+``), are ordered: `strategies.py`."""

    __tablename__ = "route_strategies"
    country = db.mapped_column(String, primary_key=True)
    prefix = db.mapped_column(String, primary_key=True)  # "": the whole country
    strategy = db.mapped_column(String, nullable=False)


class RouteState(db.Model):
    """How a route stands by what it delivers, and what an operator has decided of it: `judging.py`."""

    __tablename__ = "route_states"
    route = db.mapped_column(String, primary_key=True)
    step = db.mapped_column(Integer)
    median_s = db.mapped_column(Integer)
    lowered_since = db.mapped_column(Instant)
    lowered_until = db.mapped_column(Instant)
    rounds = db.mapped_column(Integer, nullable=False, server_default="0")
    why = db.mapped_column(String)
    decision = db.mapped_column(String, nullable=False, server_default="auto")
    decided_until = db.mapped_column(Instant)


class RouteMinute(db.Model):
    """What a route did in a minute since 1970: `quality.py`."""

    __tablename__ = "route_minutes"
    minute = db.mapped_column(BigInteger, primary_key=True)
    route = db.mapped_column(String, primary_key=True)  # its code; "" where none led there any more
    gateway = db.mapped_column(String, primary_key=True)
    network = db.mapped_column(String, primary_key=True)
    kind = db.mapped_column(String, primary_key=True)  # submissions, receipts, errors, seconds
    label = db.mapped_column(String, primary_key=True)
    messages = db.mapped_column(BigInteger, nullable=False)


class ExchangeRate(db.Model):
    """Units of a currency per USD."""

    __tablename__ = "exchange_rates"
    currency = db.mapped_column(String(3), primary_key=True)
    per_usd_micros = db.mapped_column(Micros, nullable=False)
    updated_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (CheckConstraint("per_usd_micros > 0", name="per_usd"),)


class DayRate(db.Model):
    """The rate that holds from a day on, in the operator's zone, until a later one's."""

    __tablename__ = "day_rates"
    day = db.mapped_column(String(10), primary_key=True)
    currency = db.mapped_column(String(3), primary_key=True)
    per_usd_micros = db.mapped_column(Micros, nullable=False)


class PriceList(db.Model):
    """Prices of the accounts that it is given to; what it does not name goes at its route's price."""

    __tablename__ = "price_lists"
    id = db.mapped_column(Id, primary_key=True)
    name = db.mapped_column(String, nullable=False, unique=True)
    currency = db.mapped_column(String(3), nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)


class ListPrice(db.Model):
    """Of a segment: to a country, one of its networks or a prefix (MSISDN without ``+``), from so many segments a month on."""

    __tablename__ = "list_prices"
    id = db.mapped_column(Id, primary_key=True)
    price_list_id = db.mapped_column(ForeignKey("price_lists.id"), nullable=False)
    country = db.mapped_column(String(2), nullable=False)
    network = db.mapped_column(String, nullable=False, server_default="")
    prefix = db.mapped_column(String, nullable=False, server_default="")
    from_segments = db.mapped_column(BigInteger, nullable=False, server_default="0")
    price_micros = db.mapped_column(Micros, nullable=False)
    __table_args__ = (
        CheckConstraint("price_micros >= 0 AND from_segments >= 0", name="price"),
        CheckConstraint("network = '' OR prefix = ''", name="one_of"),
        UniqueConstraint("price_list_id", "country", "network", "prefix", "from_segments", name="uq_list_prices_place"),
    )


class SenderId(db.Model):
    """An alphanumeric sender as it was first written; ``countries`` is a comma list of ISO 3166 codes."""

    __tablename__ = "sender_ids"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    name = db.mapped_column(String(11), nullable=False)
    countries = db.mapped_column(String, nullable=False)
    use_case = db.mapped_column(String)
    status = db.mapped_column(String, nullable=False, server_default="pending")
    side = db.mapped_column(String)  # of the key that asked; none: people did, for both sides
    rejection_reason = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False)
    decided_at = db.mapped_column(Instant)
    __table_args__ = (
        Index("ix_sender_ids_account_id", "account_id", "name"),
        CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="status"),
    )


class OptOut(db.Model):
    """Somebody who wants nothing more from an account on a channel; addresses in lower case."""

    __tablename__ = "opt_outs"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False)
    channel = db.mapped_column(String, nullable=False)
    address = db.mapped_column(String, nullable=False)
    source = db.mapped_column(String, nullable=False)
    side = db.mapped_column(String)  # whose sends it binds; none: all of the account
    created_at = db.mapped_column(Instant, nullable=False)
    is_erased = db.mapped_column(Integer, nullable=False, server_default="0")  # the address is a hash (`core/erased`)
    __table_args__ = (
        Index("ix_opt_outs_erased", "account_id", sqlite_where=text("is_erased = 1")),
        # NULLs are never equal: what binds both sides has an index of its own.
        Index("uq_opt_outs_side", "account_id", "channel", "address", "side", unique=True),
        Index("uq_opt_outs_both", "account_id", "channel", "address", unique=True, sqlite_where=text("side IS NULL")),
        CheckConstraint("channel IN ('sms', 'email')", name="channel"),
    )
