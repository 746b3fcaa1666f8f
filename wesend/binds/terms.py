"""What an SMPP key allows: how many binds, how fast, how much at once, and as whom it may send."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..accounts import audit_log, keys, roles
from ..accounts.credentials import Credentials
from ..accounts.key_limits import KeyLimits
from ..accounts.roles import MANAGE, OPERATE, Actor
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Reader, Tx, atomic, cached
from ..database.rows import ApiKeyRow, SmppKeyRow

API = "smpp"
"""The name of SMPP beside those of the dialects."""
TITLE = "SMPP"
APPROVED, ANY = SENDERS = ("approved", "any")
MOST_BINDS, MOST_TPS, MOST_WINDOW = 1000, 10_000, 1000
LONGEST_SENDER, LONGEST_DIGITS = 11, 15


class Terms(NamedTuple):
    """``tps`` and ``window`` are of a bind. ``senders``: ``any`` passes a source address on as it comes, for interconnects."""

    binds: int = 3
    tps: int = 100
    window: int = 50
    senders: str = APPROVED
    default_sender: str | None = None

    def words(self) -> str:
        return (
            f"{self.binds} binds, {self.tps}/s, window {self.window}, senders {self.senders}, "
            f"default sender {self.default_sender or 'none'}"
        )


def of_row(row: SmppKeyRow) -> Terms:
    return Terms(row["binds"], row["tps"], row["window_size"], row["senders"], row["default_sender"])


OF_KEY = "SELECT * FROM smpp_keys WHERE api_key_id = ?"


def terms_of(key_id: int, tx: Tx | None = None) -> Terms:
    """The defaults where nothing was chosen."""

    def load(reader: Reader) -> Terms:
        row = reader.one(OF_KEY, (key_id,))
        return Terms() if row is None else of_row(row)

    return cached(("smpp-terms", key_id), load, tx)


def check(terms: Terms, before: Terms | None = None, *, actor: Actor) -> None:
    """InvalidInput, Forbidden: whose senders go unchecked is the operator's choice."""
    for name, value, most in (
        ("binds", terms.binds, MOST_BINDS),
        ("tps", terms.tps, MOST_TPS),
        ("window", terms.window, MOST_WINDOW),
    ):
        if not 1 <= value <= most:
            raise InvalidInput(
                sentence("%(name)s is a whole number from 1 to %(most)s", name=name, most=most), {name: [f"1 to {most}"]}
            )
    if terms.senders not in SENDERS:
        raise InvalidInput(
            sentence("senders is %(approved)s or %(any)s", approved=APPROVED, any=ANY), {"senders": [f"{APPROVED} or {ANY}"]}
        )
    sender = terms.default_sender
    if sender is not None and not _may_be_sender(sender):
        raise InvalidInput(
            sentence(
                "A sender has at most %(longest_sender)s signs, or %(longest_digits)s digits",
                longest_sender=LONGEST_SENDER,
                longest_digits=LONGEST_DIGITS,
            ),
            {"default_sender": ["Too long"]},
        )
    if terms.senders == ANY and (before is None or before.senders != ANY):
        roles.require(actor, OPERATE)


def _may_be_sender(sender: str) -> bool:
    digits = sender.removeprefix("+")
    longest = LONGEST_DIGITS if digits.isascii() and digits.isdigit() else LONGEST_SENDER
    return sender.isascii() and sender.isprintable() and 0 < len(digits) <= longest


SET = """
    INSERT INTO smpp_keys (api_key_id, binds, tps, window_size, senders, default_sender) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (api_key_id) DO UPDATE SET binds = excluded.binds, tps = excluded.tps, window_size = excluded.window_size,
        senders = excluded.senders, default_sender = excluded.default_sender
"""


def put(tx: Tx, key_id: int, terms: Terms) -> None:
    tx.execute(SET, (key_id, *terms))


def create_key(*, api: str, terms: Terms, actor: Actor, **wanted: Any) -> int:
    """As `keys.create_key`; of an SMPP key with its terms."""
    if api == API:
        check(terms, actor=actor)
    with atomic() as tx:
        key_id = keys.create_key(api=api, terms=terms.words() if api == API else None, actor=actor, **wanted)
        if api == API:
            put(tx, key_id, terms)
        return key_id


def set_terms(key_id: int, terms: Terms, *, actor: Actor) -> None:
    """From now on; open binds go by them within seconds. KeyNotFound, InvalidInput."""
    row = keys.find_key(key_id, actor=actor)
    roles.require(actor, MANAGE, row["account_id"])
    if row["api"] != API:
        raise InvalidInput("Only an SMPP key has binds, tps, window and senders")
    with atomic() as tx:
        before = terms_of(key_id, tx)
        check(terms, before, actor=actor)
        put(tx, key_id, terms)
        audit_log.record(
            tx,
            actor=actor,
            action="key.smpp",
            subject=row["prefix"],
            account_id=row["account_id"],
            detail=f"{before.words()} → {terms.words()}",
        )


def bound(key_id: int, limits: KeyLimits, terms: Terms | None, *, actor: Actor) -> ApiKeyRow:
    """Set a key's limits and, of an SMPP key, its terms (None: they stay), all of it or nothing; the key as it is now."""
    with atomic():
        if terms is not None:
            set_terms(key_id, terms, actor=actor)
        return keys.set_limits(key_id, limits, actor=actor)


ROLLED = "UPDATE smpp_keys SET rolled_to = ? WHERE api_key_id = ?"


def roll(key_id: int, credentials: Credentials, *, overlap_ms: int, actor: Actor) -> int:
    """As `keys.roll`; of an SMPP key the new one has the same terms, and gets what the old one's binds were not told."""
    row = keys.find_key(key_id, actor=actor)
    with atomic() as tx:
        made = keys.roll(key_id, credentials, overlap_ms=overlap_ms, actor=actor)
        if row["api"] == API:
            terms = terms_of(key_id, tx)
            put(tx, key_id, terms)
            put(tx, made, terms)
            tx.execute(ROLLED, (made, key_id))
        return made


FORMER = "SELECT api_key_id FROM smpp_keys WHERE rolled_to = ? ORDER BY api_key_id"


def keys_served_by(key_id: int, tx: Tx | None = None) -> tuple[int, ...]:
    """The key, and those in whose place it came: its binds are told what is theirs."""

    def load(reader: Reader) -> tuple[int, ...]:
        found = [key_id]
        for one in found:
            found += [row[0] for row in reader.all(FORMER, (one,)) if row[0] not in found]
        return tuple(found)

    return cached(("smpp-former", key_id), load, tx)


OF_ACCOUNT = """
    SELECT k.id, k.expires_at, k.namespace FROM api_keys k JOIN wallets w ON w.id = k.wallet_id
    WHERE k.account_id = ? AND k.api = ? AND w.is_sandbox = ? AND k.revoked_at IS NULL ORDER BY k.id
"""


def keys_of_account(tx: Tx, account_id: int, now: int, *, is_sandbox: bool, namespace: str | None = None) -> dict[int, int]:
    """Those that may bind, oldest first, a rolled one in the place of its successor's: the keys by whatever they stand for.

    With a namespace its own; where it has none, those of no namespace.
    """

    def load(reader: Reader) -> tuple[tuple[int, int | None, str | None], ...]:
        rows = reader.all(OF_ACCOUNT, (account_id, API, int(is_sandbox)))
        return tuple((row["id"], row["expires_at"], row["namespace"]) for row in rows)

    found = cached(("smpp-keys", account_id, is_sandbox), load, tx)
    known = [(key_id, own) for key_id, expires_at, own in found if expires_at is None or expires_at > now]
    if namespace is not None:
        known = [one for one in known if one[1] == namespace] or [one for one in known if one[1] is None]
    usable = [key_id for key_id, _ in known]
    served = {former: key_id for key_id in usable for former in keys_served_by(key_id, tx)}
    return dict(sorted((served | {key_id: key_id for key_id in usable}).items()))
