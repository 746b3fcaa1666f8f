"""What every reading call of the APIs answers at the end: the same is to be read after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator

from wesend.database import query

from .world import World

COUNTERS = ("wesend_messages_total", "wesend_sms_accepted_total", "wesend_scheduled_messages")


def read(world: World) -> list[dict]:
    """Each call with a key that reaches it, its status and body."""
    found = []
    for name, key in world.made["keys"].items():
        for path in world.job(lambda name=name, key=key: list(_paths(world, name, key))):
            reply = world.app.test_client().get(path, headers=world.headers(name))
            found.append(
                {"key": name, "path": path, "status": reply.status_code, "body": reply.json if reply.is_json else reply.text}
            )
    return found


def metrics(world: World) -> list[str]:
    """What was counted of messages since the instance was made."""
    return [line for line in world.app.test_client().get("/metrics").text.splitlines() if line.startswith(COUNTERS)]


def _paths(world: World, name: str, key: dict) -> Iterator[str]:
    wallet_uid = world.made["wallets"][key["wallet"]]
    account, wallet = query("SELECT account_id, id FROM wallets WHERE uid = ?", (wallet_uid,))[0]
    batches = query("SELECT * FROM batches WHERE wallet_id = ? AND state NOT IN ('intake', 'rejected') ORDER BY id", (wallet,))
    messages = query(
        "SELECT m.* FROM messages m JOIN batches b ON b.id = m.batch_id WHERE m.wallet_id = ? AND b.lane = 0 ORDER BY m.id",
        (wallet,),
    )
    groups = [row[0] for row in query("SELECT id FROM groups WHERE account_id = ?", (account,))]
    yield from {"wesendall": _wesendall, "wasambazie": _wasambazie, "esms": _esms, "worldledgers": _worldledgers}[key["api"]](
        wallet_uid, batches, messages, groups
    )
    if key["api"] == "wesendall":
        for uid in query("SELECT uid FROM deposits WHERE wallet_id = ?", (wallet,)):
            yield f"/api/v1/account/topup/{uid[0]}?walletId={wallet_uid}"


def _wesendall(wallet, _batches, _messages, groups) -> Iterator[str]:
    yield f"/api/v1/account/balance?walletId={wallet}"
    for status in ("queued", "sent", "delivered", "failed"):
        yield f"/api/v1/sms/history?walletId={wallet}&per_page=100&status={status}"
    yield f"/api/v1/groups?walletId={wallet}&per_page=100"
    for group in groups:
        yield f"/api/v1/groups/{group}/contacts?walletId={wallet}"


def _wasambazie(_wallet, batches, _messages, _groups) -> Iterator[str]:
    yield "/v1/balance/"
    for batch in batches:
        yield f"/v1/sms/delivery-reports/{batch['uid']}"


def _esms(_wallet, batches, messages, groups) -> Iterator[str]:
    yield from (
        "/api/balance",
        "/api/balance/transactions?limit=100",
        "/api/messages?limit=100",
        "/api/messages/stats",
        "/api/messages/volume",
        "/api/messages/export",
        "/api/contact-lists",
        "/api/sender-ids",
        "/api/webhooks",
        "/api/routes",
        "/api/pricing",
    )
    for status in ("scheduled", "dripping", "queued", "submitted", "sent", "delivered", "failed", "retrying", "cancelled"):
        yield f"/api/messages?status={status}&limit=5"
    for batch in batches:
        yield f"/api/messages/batch/batch-{batch['uid']}"
    for message in messages[::4]:
        yield f"/api/messages/msg-{message['uid']}"
    for group in groups:
        yield f"/api/contact-lists/{group}"
        yield f"/api/contact-lists/{group}/contacts"


def _worldledgers(_wallet, _batches, messages, _groups) -> Iterator[str]:
    yield "/api/v1/communication/sms-credits/balance"
    for message in messages:
        yield f"/api/v1/communication/{message['channel']}/{message['id']}"
