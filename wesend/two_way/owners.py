"""Whose a message is: the first of six rules that fits. In a transaction, since what it finds is written down with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..accounts.sides import LIVE, SANDBOX, Side
from ..adapters.sms.base import STOP
from ..core import clock, phones
from ..database import Row, Tx, reading
from ..database.rows import IncomingMessageRow, TwoWayNumberRow, TwoWayServiceRow
from ..gateways import registry
from ..wallets.service import wallet_by_id
from . import numbers, words

REMEMBERED_MS = 30 * clock.DAY
WROTE_MS = 365 * clock.DAY
LIVES = "('active', 'past_due', 'suspended')"


class Owner(NamedTuple):
    """An account that a message is told to. ``keyword``: of the service that it named; ``meaning``: STOP, START or HELP."""

    account_id: int
    side: Side
    wallet_id: int | None
    service: TwoWayServiceRow | None
    number: TwoWayNumberRow | None
    keyword: str | None
    meaning: str | None


def of_message(tx: Tx, incoming: IncomingMessageRow, sender: str, country: str | None, text: str) -> list[Owner]:
    """None of them: nobody here knows the sender. Several: of a STOP to a number that several accounts share.

    ``sender`` in E.164 with its ``country``, or as it was told; ``text`` of all the message's parts.
    """
    number = numbers.find(tx, incoming["gateway"], incoming["recipient"], country)
    meaning = incoming["meaning"] or words.meaning(text)
    if number is not None and number["type"] == numbers.DEDICATED:
        service = _dedicated(tx, number, incoming["account_id"])
        if service is not None:
            return [_of_service(service, number, None, meaning)]
    elif number is not None:
        found = _shared(tx, incoming, number, sender, country, text, meaning)
        if found:
            return found
    if number is None or incoming["account_id"] is not None:
        owner = _last_to_write(tx, incoming, sender, meaning)
        if owner is not None:
            return [owner]
    return _by_default(tx, incoming, meaning)


def _of_service(service: TwoWayServiceRow, number: TwoWayNumberRow, keyword: str | None, meaning: str | None) -> Owner:
    side: Side = SANDBOX if service["side"] == SANDBOX else LIVE
    return Owner(service["account_id"], side, service["wallet_id"], service, number, keyword, meaning)


OF_DEDICATED = f"""
    SELECT * FROM two_way_services
    WHERE number_id = ? AND type = 'dedicated' AND status IN {LIVES} AND account_id = coalesce(?, account_id) LIMIT 1
"""
OF_KEYWORD = f"""
    SELECT * FROM two_way_services
    WHERE number_id = ? AND keyword = ? AND status IN {LIVES} AND account_id = coalesce(?, account_id) LIMIT 1
"""
OF_CONVERSATION = f"""
    SELECT s.* FROM conversations c JOIN two_way_services s ON s.id = c.service_id
    WHERE c.phone = ? AND c.last_at > ? AND s.number_id = ? AND s.status IN {LIVES} AND s.account_id = coalesce(?, s.account_id)
    ORDER BY c.last_at DESC, c.id DESC LIMIT 1
"""
WROTE_FROM_THERE = """
    SELECT s.account_id, max(r.service_id) AS service_id
    FROM messages m JOIN replies r ON r.message_id = m.id JOIN two_way_services s ON s.id = r.service_id
    WHERE m.recipient = ? AND m.created_at > ? AND s.number_id = ? AND s.account_id = coalesce(?, s.account_id)
    GROUP BY s.account_id ORDER BY s.account_id
"""


def _dedicated(tx: Tx, number: TwoWayNumberRow, account_id: int | None) -> TwoWayServiceRow | None:
    return tx.one(OF_DEDICATED, (number["id"], account_id))


def _shared(
    tx: Tx, incoming: IncomingMessageRow, number: TwoWayNumberRow, sender: str, country: str | None, text: str, meaning: str | None
) -> list[Owner]:
    """The keyword's service; else the one that the phone last spoke with; of a STOP alone everybody who wrote from there."""
    account_id = incoming["account_id"]
    keyword = words.keyword_of(text)
    service: TwoWayServiceRow | None = tx.one(OF_KEYWORD, (number["id"], keyword, account_id)) if keyword else None
    if service is not None:
        rest = incoming["meaning"] or words.meaning(words.after_keyword(text))
        return [_of_service(service, number, keyword, rest)]
    since = clock.now_ms()
    last: TwoWayServiceRow | None = tx.one(OF_CONVERSATION, (sender, since - REMEMBERED_MS, number["id"], account_id))
    owners = {last["account_id"]: _of_service(last, number, None, meaning)} if last is not None else {}
    if meaning == STOP:
        for row in tx.all(WROTE_FROM_THERE, (sender, since - WROTE_MS, number["id"], account_id)):
            owners.setdefault(row["account_id"], _of_former(tx, row, number, meaning))
    return list(owners.values())


def _of_former(tx: Tx, row: Row, number: TwoWayNumberRow, meaning: str | None) -> Owner:
    """Of an account that wrote from a number: its service there, unless that has ended."""
    service: TwoWayServiceRow | None = tx.one("SELECT * FROM two_way_services WHERE id = ?", (row["service_id"],))
    assert service is not None
    owner = _of_service(service, number, None, meaning)
    return owner if service["status"] in LIVES else owner._replace(service=None)


LAST_TO_WRITE = """
    SELECT account_id, wallet_id FROM messages
    WHERE recipient = ? AND gateway = ? AND account_id = coalesce(?, account_id)
    ORDER BY id DESC LIMIT 1
"""

LAST_OF_SANDBOX = """
    SELECT account_id, wallet_id FROM messages
    WHERE recipient = ? AND gateway = ? AND account_id = ? AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 1)
    ORDER BY id DESC LIMIT 1
"""


def last_to_write(reader_tx: Tx | None, gateway: str, phone: str, account_id: int | None = None) -> Row | None:
    """The last message to a phone by a gateway, of an account or of any."""
    return reading(reader_tx).one(LAST_TO_WRITE, (phone, gateway, account_id))


def _last_to_write(tx: Tx, incoming: IncomingMessageRow, sender: str, meaning: str | None) -> Owner | None:
    simulated = incoming["account_id"] is not None and incoming["gateway"] == registry.SANDBOX
    if simulated:  # what the dashboard's phones write binds no live sends, since no person wrote it
        last = tx.one(LAST_OF_SANDBOX, (sender, incoming["gateway"], incoming["account_id"]))
    else:
        last = last_to_write(tx, incoming["gateway"], sender, incoming["account_id"])
    if last is None:
        return None
    side = wallet_by_id(last["wallet_id"], tx).side
    return Owner(last["account_id"], side, last["wallet_id"], None, None, None, meaning)


def _by_default(tx: Tx, incoming: IncomingMessageRow, meaning: str | None) -> list[Owner]:
    """Of the account that an operator or the gateway's settings name, if any."""
    adapter = registry.gateway(incoming["gateway"], tx)
    named = incoming["account_id"] or (adapter.inbound_account if adapter is not None else None)
    if named is None or tx.one("SELECT 1 FROM accounts WHERE id = ?", (named,)) is None:
        return []
    side: Side = SANDBOX if incoming["gateway"] == registry.SANDBOX else LIVE
    return [Owner(named, side, None, None, None, None, meaning)]


AT_HOME = """
    SELECT country FROM two_way_numbers WHERE gateway = ? UNION SELECT country FROM routes WHERE gateway = ? ORDER BY country
"""


def read_sender(tx: Tx | None, gateway: str, told: str, to: str | None = None) -> phones.Phone | None:
    """Who wrote, as a gateway tells it: with the country or, as some carriers do, in the form used at home; None: no phone.

    Of several readings that of the country counts of the number that was written ``to``, then the one to which somebody here
    wrote by this gateway.
    """
    home = [row["country"] for row in reading(tx).all(AT_HOME, (gateway, gateway))]
    there = numbers.countries(tx, gateway, to)
    readings = (_readings(told, there) if there else {}) or _readings(told, home)
    if len(readings) > 1:
        for phone in readings.values():
            if last_to_write(tx, gateway, phone.e164) is not None:
                return phone
    return next(iter(readings.values()), None)


def _readings(told: str, countries: Iterable[str]) -> dict[str, phones.Phone]:
    return {phone.e164: phone for country in (None, *countries) if (phone := phones.normalise(told, country))}


LAST_IN_CONVERSATION = """
    SELECT m.wallet_id, m.sender FROM messages m JOIN wallets w ON w.id = m.wallet_id
    WHERE m.recipient = ? AND m.account_id = ? AND m.channel = 'sms' AND w.is_sandbox = ?
    ORDER BY m.id DESC LIMIT 1
"""


def last_in_conversation(account_id: int, phone: str, side: str) -> Row | None:
    """The wallet and sender of an account's last message to a phone, of one side."""
    return reading(None).one(LAST_IN_CONVERSATION, (phone, account_id, int(side == SANDBOX)))
