"""Accounts, their API keys, the answers kept for idempotency keys, the audit log, and the dashboard's users."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from ..core.columns import Id, Instant, Micros
from ..database.schema import db


class Account(db.Model):
    __tablename__ = "accounts"
    id = db.mapped_column(Id, primary_key=True)
    name = db.mapped_column(String, nullable=False)
    country = db.mapped_column(String(2), nullable=False)  # ISO 3166: how national numbers are read
    time_zone = db.mapped_column(String, nullable=False)
    status = db.mapped_column(String, nullable=False, server_default="active")
    is_sandbox = db.mapped_column(Integer, nullable=False, server_default="0")
    countries = db.mapped_column(Text)  # a comma list of those it may send to; none: all
    # what bounds its sending (`sending_limits`), as people write it; none: nothing
    daily_limit_micros = db.mapped_column(Micros)
    recipient_limit = db.mapped_column(String)
    burst_limit = db.mapped_column(String)
    quiet_hours = db.mapped_column(String)
    log_bodies_until = db.mapped_column(Instant)  # until when the log of its API calls keeps bodies
    price_list_id = db.mapped_column(Integer)  # of the prices it pays; none: its routes'
    legal_name = db.mapped_column(String)  # the firm behind it, as statements name it
    address = db.mapped_column(String)  # lines separated by |
    tax_id = db.mapped_column(String)
    language = db.mapped_column(String(8))  # of its people and of messages in its name; none: a browser's, English
    created_at = db.mapped_column(Instant, nullable=False)
    closed_at = db.mapped_column(Instant)  # suspended for good
    __table_args__ = (CheckConstraint("status IN ('active', 'suspended')", name="status"),)


class AccountStorage(db.Model):
    """Bytes that an account stores, counted by triggers (`quota`)."""

    __tablename__ = "account_storage"
    account_id = db.mapped_column(ForeignKey("accounts.id"), primary_key=True)
    texts = db.mapped_column(BigInteger, nullable=False, server_default="0")
    contacts = db.mapped_column(BigInteger, nullable=False, server_default="0")


class DailyUse(db.Model):
    """Micro-units accepted on a day of an account that has a daily limit, or through a key that has one (else 0)."""

    __tablename__ = "daily_use"
    account_id = db.mapped_column(ForeignKey("accounts.id"), primary_key=True)
    api_key_id = db.mapped_column(Integer, primary_key=True, autoincrement=False)
    currency = db.mapped_column(String(3), primary_key=True)
    is_sandbox = db.mapped_column(Integer, primary_key=True, autoincrement=False)
    day = db.mapped_column(String(10), primary_key=True)
    used_micros = db.mapped_column(Micros, nullable=False)


class ApiKey(db.Model):
    """``lookup`` finds the key: the public half as it is, or the SHA-256 of a key that has no public half."""

    __tablename__ = "api_keys"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"), nullable=False, index=True)
    wallet_id = db.mapped_column(ForeignKey("wallets.id"), nullable=False, index=True)
    api = db.mapped_column(String, nullable=False)  # the dialect's name
    name = db.mapped_column(String, nullable=False)
    lookup = db.mapped_column(String, nullable=False)
    secret_sha256 = db.mapped_column(String, nullable=False)
    prefix = db.mapped_column(String, nullable=False)  # what may be shown of it
    scopes = db.mapped_column(String, nullable=False)
    # published: only while the sandbox is on
    is_sandbox = db.mapped_column(Integer, nullable=False, server_default="0")
    last_used_at = db.mapped_column(Instant)
    last_used_ip = db.mapped_column(String)
    expires_at = db.mapped_column(Instant)  # the first instant at which it is refused
    allow_ip = db.mapped_column(Text)  # a comma list of networks
    countries = db.mapped_column(Text)  # a comma list that narrows the account's; none: as the account
    daily_limit_micros = db.mapped_column(Micros)
    valid_for = db.mapped_column(Integer)  # seconds, of all its sends that say nothing else
    namespace = db.mapped_column(String)  # of the sandbox: where what it sends is caught
    revoked_at = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (UniqueConstraint("api", "lookup"),)


class ApiCall(db.Model):
    """A call of an API, in the log that its account sees; bodies are masked, and kept only while they are asked for."""

    __tablename__ = "api_calls"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(Integer, nullable=False)
    key_id = db.mapped_column(Integer, nullable=False)
    is_sandbox = db.mapped_column(Integer, nullable=False)  # the key's side
    at = db.mapped_column(Instant, nullable=False)
    address = db.mapped_column(String, nullable=False)
    method = db.mapped_column(String, nullable=False)
    path = db.mapped_column(String, nullable=False)
    status = db.mapped_column(Integer, nullable=False)
    ms = db.mapped_column(Integer, nullable=False)
    request_id = db.mapped_column(String, nullable=False)
    code = db.mapped_column(String)
    request_body = db.mapped_column(Text)
    answer_body = db.mapped_column(Text)
    __table_args__ = (Index("ix_api_calls_account_id", "account_id", "id"), Index("ix_api_calls_at", "at"))


class IdempotencyKey(db.Model):
    """One request that carried an Idempotency-Key; ``subject`` is what it paid for, written in the paying
    transaction.
    """

    __tablename__ = "idempotency_keys"
    id = db.mapped_column(Id, primary_key=True)
    api_key_id = db.mapped_column(ForeignKey("api_keys.id"), nullable=False)
    key = db.mapped_column(String, nullable=False)
    fingerprint = db.mapped_column(String, nullable=False)
    token = db.mapped_column(String, nullable=False)  # fences off a request that lost its lease
    lease_until = db.mapped_column(Instant, nullable=False)
    subject = db.mapped_column(String)
    status_code = db.mapped_column(Integer)
    body = db.mapped_column(Text)
    content_type = db.mapped_column(String)
    created_at = db.mapped_column(Instant, nullable=False, index=True)
    __table_args__ = (UniqueConstraint("api_key_id", "key"),)


class AuditEntry(db.Model):
    """Who did what. ``actor`` is a user's e-mail, ``cli``, ``system``, or an API key by its prefix.

    ``api_key_id`` is no foreign key: the log tells of a key whatever becomes of it.
    """

    __tablename__ = "audit_log"
    id = db.mapped_column(Id, primary_key=True)
    account_id = db.mapped_column(ForeignKey("accounts.id"))
    actor = db.mapped_column(String, nullable=False)
    action = db.mapped_column(String, nullable=False)
    subject = db.mapped_column(String, nullable=False)
    detail = db.mapped_column(Text)
    at = db.mapped_column(Instant, nullable=False)
    address = db.mapped_column(String)  # where the request came from
    api_key_id = db.mapped_column(Integer)
    __table_args__ = (Index("ix_audit_log_account_id", "account_id", "id"), Index("ix_audit_log_action", "action", "at"))


class User(db.Model):
    """Somebody who may sign in to the dashboard: an operator of everything, or an owner or member of one account."""

    __tablename__ = "users"
    id = db.mapped_column(Id, primary_key=True)
    email = db.mapped_column(String, nullable=False, unique=True)  # in lower case
    password_hash = db.mapped_column(String)  # none until the first link was used
    role = db.mapped_column(String, nullable=False)
    account_id = db.mapped_column(ForeignKey("accounts.id"), index=True)
    status = db.mapped_column(String, nullable=False, server_default="active")
    last_sign_in_at = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    phone = db.mapped_column(String)  # E.164: where tests of what one writes go to
    reads_as = db.mapped_column(String)  # which list of first steps was chosen: business, developer, operator
    start_hidden_at = db.mapped_column(Instant)  # since when that list is put away
    rights = db.mapped_column(String)  # of a member, a comma list; none: all that members may have
    spending_limit_micros = db.mapped_column(Micros)  # of a member, in each day or month of the account's zone
    spending_currency = db.mapped_column(String(3))
    spending_period = db.mapped_column(String)  # day, month
    language = db.mapped_column(String(8))  # none: the account's
    __table_args__ = (
        CheckConstraint("role IN ('operator', 'owner', 'member')", name="role"),
        CheckConstraint("(role = 'operator') = (account_id IS NULL)", name="account"),
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
    )


class UserSpending(db.Model):
    """What a member has spent in a day (``2026-06-10``) or a month (``2026-06``); guarded by `spending`."""

    __tablename__ = "user_spending"
    user_id = db.mapped_column(ForeignKey("users.id"), primary_key=True)
    period = db.mapped_column(String(10), primary_key=True)
    currency = db.mapped_column(String(3), primary_key=True)
    used_micros = db.mapped_column(Micros, nullable=False)


class SignInLink(db.Model):
    """A one-time link that is still open; it is deleted when it is used."""

    __tablename__ = "sign_in_links"
    id = db.mapped_column(Id, primary_key=True)
    token_sha256 = db.mapped_column(String, nullable=False, unique=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False, index=True)
    expires_at = db.mapped_column(Instant, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    issued_by = db.mapped_column(String)  # who made it: the log names them when it is used


class UserSession(db.Model):
    """A browser that is signed in, until it signs out, ``expires_at``, or something of its user changes.

    Only a hash of what the cookie holds is stored.
    """

    __tablename__ = "user_sessions"
    id = db.mapped_column(Id, primary_key=True)
    token_sha256 = db.mapped_column(String, nullable=False, unique=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False, index=True)
    address = db.mapped_column(String, nullable=False)
    user_agent = db.mapped_column(String, nullable=False)
    is_remembered = db.mapped_column(Integer, nullable=False)
    created_at = db.mapped_column(Instant, nullable=False)
    last_seen_at = db.mapped_column(Instant, nullable=False)
    expires_at = db.mapped_column(Instant, nullable=False, index=True)


class KnownAddress(db.Model):
    """A place from which a user has signed in: others' guesses do not keep them out there."""

    __tablename__ = "known_addresses"
    id = db.mapped_column(Id, primary_key=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False)
    address = db.mapped_column(String, nullable=False)  # of IPv6 the /64
    last_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (UniqueConstraint("user_id", "address"),)


class SignInAttempt(db.Model):
    """A password that was tried, wrong or under way; ``address`` is where it came from (of IPv6 the /64)."""

    __tablename__ = "sign_in_attempts"
    id = db.mapped_column(Id, primary_key=True)
    email = db.mapped_column(String, nullable=False)
    address = db.mapped_column(String, nullable=False)
    at = db.mapped_column(Instant, nullable=False, index=True)
    __table_args__ = (Index("ix_sign_in_attempts_email", "email", "at"), Index("ix_sign_in_attempts_address", "address", "at"))


class SecondFactor(db.Model):
    """What a user proves at sign-in beside the password: an authenticator app (``totp``) or a passkey.

    ``secret`` is the app's key, sealed; ``last_step`` the latest half minute whose code was taken: each is taken once.
    """

    __tablename__ = "second_factors"
    id = db.mapped_column(Id, primary_key=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False, index=True)
    kind = db.mapped_column(String, nullable=False)
    name = db.mapped_column(String, nullable=False)
    secret = db.mapped_column(Text)
    last_step = db.mapped_column(BigInteger, nullable=False, server_default="0")
    credential_id = db.mapped_column(String, unique=True)  # of a passkey, base64url
    public_key = db.mapped_column(Text)
    sign_count = db.mapped_column(BigInteger, nullable=False, server_default="0")
    confirmed_at = db.mapped_column(Instant)  # none while an app is being set up
    last_used_at = db.mapped_column(Instant)
    created_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (CheckConstraint("kind IN ('totp', 'passkey')", name="kind"),)


class RecoveryCode(db.Model):
    """A code that stands in for a lost factor, once; it is deleted when it is used. Only its hash is stored."""

    __tablename__ = "recovery_codes"
    id = db.mapped_column(Id, primary_key=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False, index=True)
    code_sha256 = db.mapped_column(String, nullable=False)


class PendingSignIn(db.Model):
    """A browser whose password was right and that has not shown its second factor yet."""

    __tablename__ = "pending_sign_ins"
    id = db.mapped_column(Id, primary_key=True)
    token_sha256 = db.mapped_column(String, nullable=False, unique=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False, index=True)
    is_remembered = db.mapped_column(Integer, nullable=False)
    challenge = db.mapped_column(String)  # what a passkey is to sign, base64url
    expires_at = db.mapped_column(Instant, nullable=False, index=True)
    created_at = db.mapped_column(Instant, nullable=False)


class FactorLock(db.Model):
    """Wrong codes of a user in a row, and until when none is looked at."""

    __tablename__ = "factor_locks"
    user_id = db.mapped_column(ForeignKey("users.id"), primary_key=True)
    failures = db.mapped_column(Integer, nullable=False)
    locked_until = db.mapped_column(Instant)


class KnownDevice(db.Model):
    """A browser in which a user has signed in, known by a cookie; ``mail_due``: its user is still to be told of it."""

    __tablename__ = "known_devices"
    id = db.mapped_column(Id, primary_key=True)
    user_id = db.mapped_column(ForeignKey("users.id"), nullable=False)
    token_sha256 = db.mapped_column(String, nullable=False)
    address = db.mapped_column(String, nullable=False)
    user_agent = db.mapped_column(String, nullable=False)
    mail_due = db.mapped_column(Integer, nullable=False, server_default="0")
    created_at = db.mapped_column(Instant, nullable=False)
    last_at = db.mapped_column(Instant, nullable=False)
    __table_args__ = (
        UniqueConstraint("user_id", "token_sha256"),
        Index("ix_known_devices_mail_due", "id", sqlite_where=text("mail_due = 1")),
    )
