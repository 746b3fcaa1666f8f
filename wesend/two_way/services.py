"""Services: an account's number, or its keyword on a shared one; asked for, looked up, changed, ended."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, OPERATE, SEE, Actor
from ..accounts.service import AccountInfo, require_open
from ..accounts.sides import Side
from ..core import clock, email_address, segments
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Tx, atomic, query, query_one, reading
from ..database.rows import TwoWayServiceRow
from ..wallets.service import WalletInfo
from . import addresses, prices, words
from .errors import CountryUnavailable, DuplicateRequest, InvalidState, KeywordUnavailable, ServiceNotFound, TollFreeUnavailable
from .numbers import DEDICATED, SHARED, digits_of

PENDING, ACTIVE, PAST_DUE, SUSPENDED, REJECTED, CANCELLED = ("pending", "active", "past_due", "suspended", "rejected", "cancelled")
STATUSES = (PENDING, ACTIVE, PAST_DUE, SUSPENDED, REJECTED, CANCELLED)
ANSWERS = (ACTIVE, PAST_DUE)
"""The statuses in which people are answered."""
ENDED = (REJECTED, CANCELLED)
USE_CASE = (10, 4000)
MOST_DOCUMENTS = 10


class Request(NamedTuple):
    """What somebody asks for. ``api``: through which dialect, or portal, cli."""

    country: str
    kind: str
    keyword: str | None
    use_case: str
    company_name: str
    api: str
    toll_free: bool = False
    kyc_document_urls: tuple[str, ...] = ()
    webhook_url: str | None = None


TAKEN = """
    SELECT 1 FROM two_way_services
    WHERE country = ? AND side = ? AND keyword = ? AND status NOT IN ('rejected', 'cancelled') LIMIT 1
"""
SAME_REQUEST = """
    SELECT 1 FROM two_way_services
    WHERE account_id = ? AND side = ? AND country = ? AND type = ? AND status = 'pending' AND coalesce(keyword, '') = ? LIMIT 1
"""


def request(account: AccountInfo, wallet: WalletInfo, wanted: Request, *, actor: Actor) -> TwoWayServiceRow:
    """Ask for a service; pending, and nothing is charged. CountryUnavailable, TollFreeUnavailable, KeywordUnavailable,
    DuplicateRequest, InvalidInput."""
    roles.require(actor, MANAGE, account.id)
    country, keyword = wanted.country.strip().upper(), _keyword(wanted)
    fields = _checked(wanted)
    found = prices.of_country(country)
    if not found.is_available:
        raise CountryUnavailable
    if wanted.toll_free and found.toll_free is None:
        raise TollFreeUnavailable
    address = addresses.read(wanted.webhook_url) if wanted.webhook_url else None
    with atomic() as tx:
        require_open(tx, account.id)
        if tx.one(SAME_REQUEST, (account.id, wallet.side, country, wanted.kind, keyword or "")):
            raise DuplicateRequest
        if keyword is not None:
            _require_free(tx, country, wallet.side, keyword)
        service_id = tx.insert(
            "two_way_services",
            account_id=account.id,
            wallet_id=wallet.id,
            side=wallet.side,
            api=wanted.api,
            country=country,
            type=wanted.kind,
            keyword=keyword,
            toll_free=int(wanted.toll_free),
            kyc_document_urls=json.dumps(list(wanted.kyc_document_urls)),
            created_at=clock.now_ms(),
            **fields,
        )
        if address is not None:
            addresses.set_in(tx, of_id(service_id, tx), address, wanted.api)
        audit_log.record(
            tx,
            actor=actor,
            action="two_way.request",
            subject=str(service_id),
            account_id=account.id,
            detail=f"{country} {wanted.kind} {keyword or ''}".strip(),
        )
    return of_id(service_id)


def _checked(wanted: Request) -> dict[str, str]:
    use_case, company = wanted.use_case.strip(), wanted.company_name.strip()
    wrong: dict[str, list[str]] = {}
    if not USE_CASE[0] <= len(use_case) <= USE_CASE[1]:
        wrong["use_case"] = [f"{USE_CASE[0]} to {USE_CASE[1]} characters"]
    if not 1 <= len(company) <= 200:
        wrong["company_name"] = ["1 to 200 characters"]
    if len(wanted.kyc_document_urls) > MOST_DOCUMENTS:
        wrong["kyc_document_urls"] = [f"At most {MOST_DOCUMENTS}"]
    elif not all(url.startswith(("http://", "https://")) and len(url) <= 2000 for url in wanted.kyc_document_urls):
        wrong["kyc_document_urls"] = ["Not a valid URL"]
    if wanted.kind not in (DEDICATED, SHARED):
        wrong["type"] = [f"{DEDICATED} or {SHARED}"]
    if wrong:
        name, sentences = next(iter(wrong.items()))
        raise InvalidInput(sentence("%(name)s: %(sentences)s", name=name, sentences=sentences[0]), wrong)
    return {"use_case": use_case, "company_name": company}


def _keyword(wanted: Request) -> str | None:
    if wanted.kind != SHARED:
        return None
    keyword = words.read_keyword(wanted.keyword or "")
    if keyword is None:
        raise InvalidInput("A keyword has 2 to 20 letters and digits", {"keyword": ["2 to 20 letters and digits"]})
    if words.is_reserved(keyword):
        raise KeywordUnavailable(sentence("%(keyword)s is a word that means something to everybody", keyword=keyword))
    return keyword


def _require_free(tx: Tx, country: str, side: Side, keyword: str) -> None:
    if tx.one(TAKEN, (country, side, keyword)):
        raise KeywordUnavailable("This keyword is taken on the shared numbers of the country")


class Keyword(NamedTuple):
    keyword: str
    is_available: bool
    reason: str | None


SHARED_NUMBER = "SELECT country FROM two_way_numbers WHERE digits = ? AND type = 'shared' AND side = ? ORDER BY id LIMIT 1"


def check_keyword(text: str, side: Side, *, country: str | None = None, number: str | None = None) -> Keyword:
    """Whether a keyword is free on the shared numbers of a country, or of a number's."""
    keyword = words.read_keyword(text)
    if keyword is None:
        return Keyword(text.strip().upper(), False, "A keyword has 2 to 20 letters and digits")
    if words.is_reserved(keyword):
        return Keyword(keyword, False, "This word is reserved")
    if not country and number:
        row = query_one(SHARED_NUMBER, (digits_of(number), side))
        if row is None:
            return Keyword(keyword, False, "There is no such shared number")
        country = row["country"]
    if query_one(TAKEN, ((country or "").strip().upper(), side, keyword)) is not None:
        return Keyword(keyword, False, "Already taken on the shared numbers of this country")
    return Keyword(keyword, True, None)


def of_id(service_id: int, tx: Tx | None = None) -> TwoWayServiceRow:
    row = reading(tx).one("SELECT * FROM two_way_services WHERE id = ?", (service_id,))
    if row is None:
        raise ServiceNotFound
    return row


def find(service_id: int, account_id: int | None = None, *, side: Side | None = None, actor: Actor) -> TwoWayServiceRow:
    """A service of the account (None: of any that the actor sees) and of a side (None: of either); ServiceNotFound."""
    row = of_id(service_id)
    if account_id not in (None, row["account_id"]) or side not in (None, row["side"]):
        raise ServiceNotFound
    roles.require(actor, SEE, row["account_id"])
    return row


LIST = """
    SELECT * FROM two_way_services
    WHERE account_id = coalesce(?, account_id) AND status = coalesce(?, status) AND side = coalesce(?, side)
    ORDER BY id DESC
"""


def list_services(
    account_id: int | None, *, status: str | None = None, side: Side | None = None, actor: Actor
) -> list[TwoWayServiceRow]:
    """Newest first; those of every account (None) are an operator's to see."""
    if account_id is None:
        roles.require(actor, OPERATE)
    else:
        roles.require(actor, SEE, account_id)
    return query(LIST, (account_id, status, side))


TEXTS = ("auto_reply_text", "help_text")


def update(service: TwoWayServiceRow, changes: dict[str, Any], *, actor: Actor, api: str | None = None) -> TwoWayServiceRow:
    """``auto_reply_text``, ``auto_reply_enabled``, ``help_text``, ``forward_email``, ``webhook_url`` (told in the format
    of ``api``); what is left out stays, None takes away. InvalidState for one that has ended."""
    roles.require(actor, MANAGE, service["account_id"])
    given = dict(changes)
    address = addresses.read(given["webhook_url"]) if given.get("webhook_url") else None
    for name in TEXTS:
        if given.get(name) is not None:
            given[name] = given[name].strip() or None
            require_sendable(given[name] or "", name)
    if given.get("forward_email"):
        given["forward_email"] = _email(given["forward_email"])
    with atomic() as tx:
        now: TwoWayServiceRow = of_id(service["id"], tx)
        if now["status"] in ENDED:
            raise InvalidState(sentence("The service is %(status)s", status=now["status"]))
        settings = {name: given.get(name, now[name]) for name in ("auto_reply_text", "help_text", "forward_email")}
        enabled = given.get("auto_reply_enabled")
        enabled = now["auto_reply_enabled"] == 1 if enabled is None else enabled
        if enabled and not settings["auto_reply_text"]:
            raise InvalidInput("An automatic reply needs a text", {"auto_reply_text": ["Missing"]})
        tx.execute(
            UPDATE, (settings["auto_reply_text"], int(enabled), settings["help_text"], settings["forward_email"] or None, now["id"])
        )
        if "webhook_url" in given:
            addresses.set_in(tx, now, address, api or now["api"])
        audit_log.record(
            tx,
            actor=actor,
            action="two_way.update",
            subject=str(now["id"]),
            account_id=now["account_id"],
            detail=_changed(now, settings, enabled, has_other_address="webhook_url" in given),
        )
    return of_id(service["id"])


def _changed(before: TwoWayServiceRow, settings: dict[str, Any], enabled: bool, *, has_other_address: bool) -> str:
    """From what to what; an address may hold a secret, and is named alone."""
    was = {
        "auto_reply_text": before["auto_reply_text"],
        "auto_reply_enabled": "on" if before["auto_reply_enabled"] == 1 else "off",
        "help_text": before["help_text"],
        "forward_email": before["forward_email"],
    }
    told = audit_log.changes(was, {**settings, "auto_reply_enabled": "on" if enabled else "off"})
    if not has_other_address:
        return told
    return "webhook_url changed" if told == "unchanged" else f"{told}, webhook_url changed"


def require_sendable(text: str, name: str) -> None:
    """An answer that is longer than any message may be would never leave."""
    if segments.count(text).count > segments.MAX_SEGMENTS:
        raise InvalidInput("The text is too long", {name: [f"At most {segments.MAX_SEGMENTS} segments"]})


UPDATE = "UPDATE two_way_services SET auto_reply_text = ?, auto_reply_enabled = ?, help_text = ?, forward_email = ? WHERE id = ?"


def _email(text: str) -> str:
    if not email_address.is_address(text.strip()):
        raise InvalidInput("Not an e-mail address", {"forward_email": ["Not an e-mail address"]})
    return text.strip()


CANCEL = """
    UPDATE two_way_services SET status = 'cancelled', cancelled_at = ?, bill_at = NULL
    WHERE id = ? AND status NOT IN ('rejected', 'cancelled')
"""


def cancel(service: TwoWayServiceRow, *, actor: Actor) -> TwoWayServiceRow:
    """For good: no further month is charged, the number or keyword is free at once. InvalidState when it has ended."""
    roles.require(actor, MANAGE, service["account_id"])
    with atomic() as tx:
        if not tx.changed(CANCEL, (clock.now_ms(), service["id"])):
            raise InvalidState(sentence("The service is %(status)s", status=of_id(service["id"], tx)["status"]))
        addresses.set_in(tx, service, None, service["api"])
        audit_log.record(
            tx, actor=actor, action="two_way.cancel", subject=str(service["id"]), account_id=service["account_id"], detail=None
        )
    return of_id(service["id"])
