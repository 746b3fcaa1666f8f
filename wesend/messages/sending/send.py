"""Send: the use case behind every dialect's send call: compose → accept → submit → settle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from ...accounts import quota
from ...coordination import pause
from ...core import money, segments, storage
from ...core.errors import InsufficientBalance, InvalidRecipient, NoRoute, OptedOut, ProviderRejected
from ...database import query, query_one, snapshot
from ...gateways import breaker, registry
from ...gateways import request_limits as in_request_waits
from ...guards import where
from ...wallets.service import WalletInfo, balance_of
from ..dispatch.submit import foretell, submit_accepted
from .accept import IN_REQUEST_LIMIT, Accepted, Alongside, Sent, accept
from .bulk import CHUNK_CHARACTERS, Spool, accept_bulk, to_store, weight
from .compose import EMAIL, INVALID_RECIPIENT, NO_ROUTE, OPTED_OUT, SMS, Addressee, Composed, Planned, Skipped
from .options import Options, Origin


def send(
    composer: Composed,
    addressees: Iterable[Addressee],
    *,
    origin: Origin,
    options: Options = Options(),
    in_request: bool = True,
    alongside: Alongside | None = None,
) -> Accepted:
    """Send to all addressees; InvalidRecipient or NoRoute when there is nobody to send to.

    Up to IN_REQUEST_LIMIT recipients are submitted before this returns (``in_request``, and due now), unless dispatch
    is paused.
    """
    planned: list[Planned] = []
    skipped: list[Skipped] = []
    characters = 0
    plan = composer.plan(addressees)
    for item in plan:
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        planned.append(item)
        characters += weight(item)
        if len(planned) > IN_REQUEST_LIMIT or characters > CHUNK_CHARACTERS:
            assert alongside is None, "what is written in chunks has no one transaction"
            return _spooled(composer, chain(skipped, planned, plan), origin, options)
    if not planned:
        _refuse_if_poor(composer, skipped)
        raise_nobody(skipped, composer)
    if composer.channel == EMAIL:
        quota.require_room(composer.account.id, len(composer.text) + to_store(planned))
        if len(planned) > 1:
            storage.here().require_room()
    at_once: set[str] = set()
    remote: set[str] = set()
    if in_request and options.mode == "now" and pause.current() is None:
        at_once, remote = _callable_now({item.gateway for item in planned})
    with in_request_waits.waiting_for(remote) as waited_for:
        accepted = accept(
            composer,
            planned,
            skipped,
            origin=origin,
            options=options,
            submit_now=frozenset(at_once | waited_for),
            foretell=foretell,
            alongside=alongside,
        )
        submit_accepted(accepted)
    return accepted


def send_bulk(
    composer: Composed, addressees: Iterable[Addressee], *, origin: Origin, options: Options, dedupe: bool = True
) -> Accepted:
    """Send as a bulk, however few: through the queue, to be paused, resumed and cancelled as a whole."""
    return _spooled(composer, composer.plan(addressees, dedupe=dedupe), origin, options)


def _spooled(composer: Composed, plan: Iterable[Planned | Skipped], origin: Origin, options: Options) -> Accepted:
    storage.here().require_room()
    with Spool() as spool:
        spool.fill(plan)
        if not spool.count:
            raise_nobody(spool.skipped, composer)
        return accept_bulk(composer, spool, origin=origin, options=options)


def _callable_now(names: set[str]) -> tuple[set[str], set[str]]:
    """The gateways of this process, and the remote ones that don't rest."""
    known = registry.sms_gateways()
    at_once = {name for name in names if name in known and known[name].in_process}
    remote = {name for name in names if name in known} - at_once
    remote = {name for name in remote if known[name].may_submit()}
    return at_once, remote - breaker.on_trial() if remote else remote


def _refuse_if_poor(composer: Composed, skipped: list[Skipped]) -> None:
    """A wallet of credits pays the same by every route: too few of them is said before that there is none."""
    unrouted = sum(item.reason == NO_ROUTE for item in skipped)
    if composer.channel != SMS or not composer.wallet.holds_credits or not unrouted:
        return
    required = segments.count(composer.text).count * unrouted * money.MICRO
    balance = balance_of(composer.wallet)
    if balance < required:
        raise InsufficientBalance(
            wallet_id=composer.wallet.uid, balance_micros=balance, required_micros=required, currency=composer.wallet.currency
        )


def raise_nobody(skipped: list[Skipped], composer: Composed) -> None:
    """The error that tells why nobody was left to send to."""
    reasons = {item.reason for item in skipped}
    if NO_ROUTE in reasons:
        raise NoRoute(composer.why_no_route)
    where.raise_refusal([(item.recipient, item.reason) for item in skipped], composer.account)
    if INVALID_RECIPIENT in reasons and len(reasons) == 1:
        noun, article = ("phone number", "a") if composer.channel == SMS else ("e-mail address", "an")
        raise InvalidRecipient(f"No recipient is a valid {noun}", {"recipient": [f"Not {article} {noun}"]})
    if reasons == {OPTED_OUT}:
        raise OptedOut("The recipient has opted out", {"recipient": ["Opted out"]})
    raise InvalidRecipient("There is no recipient to send to", {"recipient": ["No recipient"]})


TOLD = (
    "id, uid, batch_id, wallet_id, recipient, status, segments, route, route_cost_micros, route_currency, cost_micros,"
    " refunded_micros, attempts, retry_count, error_code, error_message, delivered_at"
)
"""What an answer tells of many messages. Not their texts: 69,000 of 1,000 characters took 280 MB."""


def load_sent(batch_uid: str, *, limit: int = 100_000) -> Sent:
    """A batch and its messages as they are now; of many, what answers tell of them."""
    with snapshot():
        batch = query_one("SELECT * FROM batches WHERE uid = ?", (batch_uid,))
        assert batch is not None
        columns = "*" if batch["total"] <= IN_REQUEST_LIMIT else TOLD
        messages = query(f"SELECT {columns} FROM messages WHERE batch_id = ? ORDER BY id LIMIT ?", (batch["id"], limit))
        # As it was paid, less what came back: not what others have paid from this wallet since.
        paid = query(
            "SELECT balance_after_micros FROM ledger_entries WHERE batch_id = ? AND message_id IS NULL AND kind = 'sms_charge'",
            (batch["id"],),
        )
        balance = (
            paid[0][0] + batch["refunded_micros"]
            if paid  # what costs nothing has no entry
            else query("SELECT balance_micros FROM wallets WHERE id = ?", (batch["wallet_id"],))[0][0]
        )
        return Sent(batch, messages, balance)


def sent_now(accepted: Accepted) -> Sent:
    """What a send came to: as it was committed where nothing was outstanding, else read anew."""
    return accepted.sent or load_sent(accepted.batch_uid)


def refuse_if_all_rejected(sent: Sent, wallet: WalletInfo) -> None:
    """ProviderRejected when the gateway refused every message of the call (all were refunded).

    Only where the call waits for the gateway: what the queue has refused by the time of the answer was accepted.
    """
    if sent.batch["in_request"] and all(
        m["status"] == "failed" and m["refunded_micros"] == m["cost_micros"] for m in sent.messages
    ):
        raise ProviderRejected(
            refunded_micros=sum(m["refunded_micros"] for m in sent.messages),
            currency=wallet.currency,
            reason=sent.messages[0]["error_message"],
        )
