"""Messages in every status, by every API, from live and sandbox wallets; bulks in every state."""

from __future__ import annotations

from tests.support.smsc import eventually
from wesend.accounts import idempotency
from wesend.core import clock
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.queue import Claimed
from wesend.messages.receipts import inbound
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.messages.sending import bulk

from . import mails
from .contacts import upload
from .contacts_csv import CSV
from .people import CLOSED
from .world import BUSY, REFUSED, UNREACHED, World, field

LONG = "A text of several parts, which a gateway carries one by one and reports one by one. " * 3


def wesendall(world: World, key: str, recipient, text: str = "Hello", *, expect: int = 200, **more) -> dict:
    """A send; `headers` go with it."""
    options = {"headers": more.pop("headers")} if "headers" in more else {}
    wallet = world.made["wallets"][world.made["keys"][key]["wallet"]]
    return world.call(
        key,
        "POST",
        "/api/v1/sms/send",
        expect=expect,
        json={"walletId": wallet, "message": text, "recipient": recipient, **more},
        **options,
    )


def esms(world: World, key: str, to: str, text: str = "Hello", *, expect: int = 200, **more) -> dict:
    return world.call(key, "POST", "/api/messages/send", json={"to": to, "text": text, **more}, expect=expect)


def receipt(world: World, ref: str, status: str) -> None:
    """As the vendor brings it; matched by the next `settle`."""
    path = "/callbacks/" + world.made["gateways"]["beem"]["callback"].split("/callbacks/")[1]
    assert world.app.test_client().post(path, json={"id": ref, "status": status}).status_code == 200


def ref_of(world: World, uid: str) -> str:
    return world.job(lambda: query("SELECT gateway_ref FROM messages WHERE uid = ?", (uid,))[0][0])


def fill_before(world: World) -> None:
    """Two days earlier: its text is not kept."""
    world.made["messages"] = {"old": esms(world, "esms test", "+256712345678", "An old text")["id"]}
    world.settle()


def fill_first_day(world: World) -> None:
    """What has come to its end; a day and more before the instance is looked at again."""
    _sandbox(world)
    _live(world)
    _solo(world)
    _smpp(world)
    _groups(world)
    world.settle()


def _sandbox(world: World) -> None:
    for ending in ("12345678", "10000099", "10000066", "10000055", "10000044"):
        wesendall(world, "wesendall test", f"+2567{ending}", LONG)
        esms(world, "esms test", f"+2567{ending}")
    wesendall(world, "wesendall test", ["0712345678", "0710000077", "nonsense"])
    wesendall(world, "wesendall test", "0710000077", expect=502)
    wesendall(world, "wesendall test", "0710000088", expect=402)
    world.call(
        "wasambazie test",
        "POST",
        "/v1/sms/send",
        expect=201,
        json={"to_number": "0712345678,0710000099", "message": "Hi", "sender_id": "SHOPUG"},
    )
    world.call(
        "worldledgers test",
        "POST",
        "/api/v1/communication/sms",
        expect=202,
        json={
            "message": "Dear {first_name}, {city}",
            "recipients": ["254712345678", "254700000099", "254700000088", "bad"],
            "reference": "R1",
        },
    )
    wesendall(world, "xyz", "0712345678", expect=502)
    world.settle()
    world.cli("send", "0712345678", "By command", "--wallet", world.made["wallets"]["shop test"])


def _live(world: World) -> None:
    made = world.made["messages"]
    for name, ending, said in (("delivered", "01", "DELIVRD"), ("undelivered", "02", "UNDELIV"), ("sent", "03", "ENROUTE")):
        made[name] = wesendall(world, "wesendall", f"07550000{ending}")["data"]["results"][0]["message_id"]
        receipt(world, ref_of(world, made[name]), said)
    wesendall(world, "wesendall", f"07550000{REFUSED}", expect=502)
    wesendall(world, "wesendall", [f"07550000{REFUSED}", "0755000010"])
    made["failed"] = esms(world, "esms", f"+2567550000{REFUSED}")["id"]
    world.call(
        "wasambazie",
        "POST",
        "/v1/sms/send",
        expect=201,
        json={"to_number": "0755000011,0755000012", "message": "Hi {name}", "sender_id": "SHOPUG"},
    )
    retried = esms(world, "esms", f"+2567550001{REFUSED}")["id"]
    world.call("esms", "POST", f"/api/messages/{retried}/retry")
    receipt(world, "b-of-nobody", "DELIVRD")
    world.settle()
    made["retried"] = retried


def _solo(world: World) -> None:
    """Of an account that has no test side."""
    group = upload(world, "esms solo", "People", CSV)
    world.made["groups"]["solo"] = group
    for ending, said in (("61", "DELIVRD"), ("62", "UNDELIV"), (REFUSED, None)):
        uid = esms(world, "esms solo", f"+2567550000{ending}")["id"].removeprefix("msg-")
        if said:
            receipt(world, ref_of(world, uid), said)
    world.call("esms solo", "POST", "/api/messages/send-bulk", json={"contact_list_ids": [group], "text": "Hi {{name}}"})
    wesendall(world, "wesendall solo", ["0755000063", "0755000064"])


def _smpp(world: World) -> None:
    """Long messages whose parts have receipts of their own, and what people write back."""
    gateway = world.job(lambda: registry.sms_gateway("smsc"))
    world.job(gateway.listen)
    eventually(world.smsc.sessions, "the gateway did not bind")
    _parts(world, "parts")
    wesendall(world, "wesendall", "0772000411")
    world.smsc.deliver("256772000411", b"STOP", esm_class=0)
    world.smsc.deliver("256772000001", b"Thank you", esm_class=0)
    eventually(lambda: world.job(lambda: query("SELECT count(*) FROM inbound_messages")[0][0]) == 2, "inbound")
    world.job(lambda: inbound.receive("sandbox", "+256712345678", "SHOPUG", "A reply to a test"))


def _parts(world: World, name: str) -> None:
    """A message of two parts, one of which has arrived."""
    world.made["messages"][name] = wesendall(world, "wesendall", "0772000001", LONG)["data"]["results"][0]["message_id"]
    ref = world.smsc.accepted()[-1].message_id
    world.smsc.deliver(
        "256772000001",
        f"id:{ref} sub:001 dlvrd:001 submit date:2606071200 done date:2606071200 stat:DELIVRD err:000 text:A text".encode(),
    )


def _groups(world: World) -> None:
    groups, wallets = world.made["groups"], world.made["wallets"]
    for key, group, wallet in (("wesendall", "cli", "shop"), ("wesendall test", "test csv", "shop test")):
        world.call(
            key,
            "POST",
            "/api/v1/sms/group",
            json={"walletId": wallets[wallet], "groupId": groups[group], "message": "Hi {{name}} of {{city}}"},
        )
    done = world.call(
        "esms test", "POST", "/api/messages/send-bulk", json={"contact_list_ids": [groups["test csv"]], "text": "Hi {{name}}"}
    )
    world.made["bulks"] = {"finished": done["batch_id"]}
    world.settle()


# -- the last day ---------------------------------------------------------------------


def fill_last_day(world: World) -> None:
    """What is on its way."""
    _bulks(world)
    _campaign(world)
    _later(world)
    _kept_answers(world)
    _parts(world, "parts under way")
    _on_its_way(world)


def send_bulk(world: World, key: str, group: str, **more) -> str:
    return world.call(
        key,
        "POST",
        "/api/messages/send-bulk",
        json={"contact_list_ids": [world.made["groups"][group]], "text": "Hi {{name}}", **more},
    )["batch_id"]


def _many(first: int, count: int) -> str:
    return "phone,name\n" + "".join(f"07550{first + number:05d},Person {number}\n" for number in range(count))


def _bulks(world: World) -> None:
    groups, bulks = world.made["groups"], world.made["bulks"]
    groups["many"] = upload(world, "esms", "Many", _many(3000, 12))
    at = clock.iso(clock.now_ms() + clock.DAY)
    bulks["scheduled"] = send_bulk(world, "esms", "many", schedule_mode="scheduled", scheduled_at=at)
    bulks["cancelled"] = send_bulk(world, "esms", "many", schedule_mode="scheduled", scheduled_at=at)
    world.call("esms", "POST", f"/api/messages/batch/{bulks['cancelled']}/cancel")
    bulks["drip"] = send_bulk(world, "esms", "many", schedule_mode="drip", drip_rate=1)
    bulks["test drip"] = send_bulk(world, "esms test", "test csv", schedule_mode="drip", drip_rate=1)
    world.later(60)
    world.dispatch()
    bulks["open"] = send_bulk(world, "esms", "many")
    _cut_short(world)


class Killed(BaseException):
    """As if the server were killed there."""


def _cut_short(world: World) -> None:
    """A bulk that was paid when the server was killed, before its messages were written."""
    write, undo = bulk._write_chunk, bulk.undo

    def killed(*_):
        raise Killed

    bulk._write_chunk, bulk.undo = killed, lambda _batch_id: False
    try:
        send_bulk(world, "esms", "many")
    except Killed:
        pass
    finally:
        bulk._write_chunk, bulk.undo = write, undo


def _campaign(world: World) -> None:
    """By the dashboard, and paused there."""
    page = world.page("member@shop.example")
    given = {
        "wallet": world.made["wallets"]["shop"],
        "group": world.made["groups"]["many"],
        "numbers": "0755004001",
        "name": "Friday",
        "sender": "SHOPUG",
        "text": "Hello {{first_name}}",
        "when": "now",
        "at": "",
        "rate": "",
    }
    sent = page.post("/campaigns/new", go="send", step="check", uid=field(page.get("/campaigns/new"), "uid"), **given)
    assert sent.status_code == 303, sent.text
    world.made["bulks"]["paused"] = sent.headers["Location"].rpartition("/")[2]
    owner = world.page("owner@shop.example")
    assert owner.post(sent.headers["Location"] + "/pause").status_code == 303
    given = {
        "wallet": world.made["wallets"]["shop"],
        "sender": "",
        "recipients": "0755004002",
        "text": "By page",
        "when": "now",
        "at": "",
    }
    assert page.post("/compose", go="send", uid=field(page.get("/compose"), "uid"), **given).status_code == 303


def _later(world: World) -> None:
    made, at = world.made["messages"], clock.iso(clock.now_ms() + clock.DAY)
    for name, key in (("scheduled", "esms"), ("scheduled test", "esms test"), ("to cancel", "esms"), ("closed", "closed")):
        to = "+256755000022" if key == "closed" else "+256755000020"
        made[name] = esms(world, key, to, schedule_mode="scheduled", scheduled_at=at)["id"]
    made["to opt out"] = esms(world, "esms", "+256755000904", schedule_mode="scheduled", scheduled_at=at)["id"]
    cancelled = esms(world, "esms", "+256755000021", schedule_mode="scheduled", scheduled_at=at)["id"]
    world.call("esms", "POST", f"/api/messages/{cancelled}/cancel")
    blast = world.call(
        "worldledgers",
        "POST",
        "/api/v1/communication/sms",
        expect=202,
        json={"message": "Later", "recipients": ["0712345678"], "send_at": at, "reference": "later"},
    )
    made["bank scheduled"] = blast["data"]["message_ids"][0]


def _kept_answers(world: World) -> None:
    """Answers kept for a day, one request that is under way, and one that died after it was paid."""

    def kept(call) -> dict:
        return {"Idempotency-Key": call}

    wallet = world.made["wallets"]["shop"]
    world.made["kept"] = {
        "send": wesendall(world, "wesendall", "0755000031", headers=kept("send-1")),
        "group": world.call(
            "wesendall", "POST", "/api/v1/groups", json={"walletId": wallet, "name": "Once"}, expect=201, headers=kept("group-1")
        ),
        "upload": upload(world, "esms", "Once by file", CSV, **kept("upload-1")),
        "refused": wesendall(world, "wesendall", f"07550002{REFUSED}", expect=502, headers=kept("refused-1")),
    }
    key_id = world.made["keys"]["wesendall"]["key_id"]
    world.job(lambda: idempotency.begin(key_id, "in-flight", "0" * 64))


def _on_its_way(world: World) -> None:
    """Every status that lasts a moment, as a server that is killed leaves it."""
    made = world.made["messages"]
    made["unknown"] = wesendall(world, "wesendall", f"07550000{UNREACHED}")["data"]["results"][0]["message_id"]
    made["submitted"] = wesendall(world, "wesendall", "0755000041")["data"]["results"][0]["message_id"]
    made["busy"] = wesendall(world, "wesendall", f"07550000{BUSY}")["data"]["results"][0]["message_id"]
    receipt(world, ref_of(world, made["submitted"]), "ENROUTE")
    world.job(receipt_inbox.match_new)
    receipt(world, "b-never-sent", "DELIVRD")
    world.cli("pause", "--reason", "Before the upgrade")
    made["bank queued"] = world.call(
        "worldledgers",
        "POST",
        "/api/v1/communication/sms",
        expect=202,
        json={"message": "Queued", "recipients": ["0712345678", "0722345678", "0733345678"]},
    )["data"]["message_ids"]
    (world.made["mails"]["queued"],) = mails.write(world, "worldledgers", "queued@example.com", message=mails.HTML)
    made["closed queued"] = esms(world, "closed", "+256755000051")["id"]
    world.cli("resume")
    world.job(_claim)
    world.cli("account", "suspend", CLOSED)


def _claim() -> None:
    """Some are claimed, one of them is on the wire."""
    claimed = queue.claim("beem", 4)
    assert len(claimed.messages) == 4
    queue.start([Claimed(claimed.token, claimed.messages[:1])])
