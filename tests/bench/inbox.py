"""What people write: how fast it is given to its accounts, and the inbox's pages with a million messages in it."""

from __future__ import annotations

import gc
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask

from tests.conftest import close, make_app
from tests.support.dashboard import Visitor, make_user
from tests.support.server import Server
from wesend.adapters.sms.base import CallbackInbound
from wesend.core import clock
from wesend.core.ids import new_id
from wesend.database import Row, atomic, query
from wesend.two_way import incoming

from .figure import Figure, Yardstick, figure
from .filling import CHUNK, DAYS, fill
from .million import empty_ms, shown, timed
from .rounds import EMPTY
from .serving import default, prepare
from .sizes import Sizes
from .yardsticks import bare_sends

AT_LEAST = 500
TOLD_AT_ONCE = 500
NUMBER = "32811"  # the sandbox's, on which the published account holds JOIN
BUSY = "+256712999999"
TO_A_CONVERSATION = 4  # messages; of every hundred another one comes from the phone that writes most
ANSWERED = 10  # times as many messages came in as went out
CONVERSATION = ("account_id", "phone", "number", "service_id", "side", "text", "unread", "opted_out", "last_at")
INBOUND = ("uid", "account_id", "service_id", "wallet_id", "side", "gateway", "sender", "recipient", "text", "created_at")
JOIN = "SELECT * FROM two_way_services WHERE keyword = 'JOIN' AND side = 'sandbox'"


def bench(sizes: Sizes) -> Iterator[Figure]:
    yield figure("matched", _matched_per_second(sizes.incoming), "/s", at_least=AT_LEAST, beside=bare_sends(sizes))
    yield from _pages(sizes)


def _matched_per_second(total: int) -> float:
    """From the first to the last that an account has; the server starts with all of them kept."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        prepare(instance)
        app = make_app(instance)
        with app.app_context():
            for start in range(0, total, TOLD_AT_ONCE):
                incoming.keep(
                    "sandbox",
                    [
                        CallbackInbound(f"+256712{index:06d}", NUMBER, f"Join me, number {index}", id=f"bench-{index}")
                        for index in range(start, min(start + TOLD_AT_ONCE, total))
                    ],
                )
        close(app)
        with default(Server(instance)) as server:
            server.wait_until(
                lambda: server.query("SELECT count(*) FROM incoming_messages WHERE state = 'matched'") == [(total,)],
                120,
                "what came in is not matched",
            )
            ((found, first, last),) = server.query("SELECT count(*), min(created_at), max(created_at) FROM inbound_messages")
        assert found == total
        return (total - 1) * 1000 / max(last - first, 1)


def _pages(sizes: Sizes) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "instance")
        app = make_app(Path(folder) / "instance")
        with app.app_context():
            service: Row = query(JOIN)[0]
        visitor = Visitor(app, make_user(app, "member", service["account_id"]))
        fill(app, sizes.listed // ANSWERED)
        with app.app_context():
            fill_inbox(service, sizes.listed)
        visitor.get(f"/inbox?open={_open(app, BUSY)}")  # templates are compiled once in a server's life
        bare = Yardstick(f"{EMPTY}, in process", empty_ms())
        gc.collect()
        gc.freeze()
        for name, paths in _calls(app, service).items():
            yield shown(timed(name, visitor.client.get, paths()), bare)
        with app.app_context():
            app.extensions["wesend.last_used"].flush()  # else its thread writes when the folder is gone
        close(app)


def _open(app: Flask, phone: str) -> int:
    with app.app_context():
        return query("SELECT id FROM conversations WHERE phone = ?", (phone,))[0]["id"]


def _calls(app: Flask, service: Row) -> dict[str, Callable[[], Iterator[str]]]:
    """What is measured: a name → the paths that are asked for, the first of them cold."""
    random_ = random.Random(1)
    with app.app_context():
        (low, high, oldest, newest) = query("SELECT min(id), max(id), min(last_at), max(last_at) FROM conversations")[0]

    def places(template: str) -> Callable[[], Iterator[str]]:
        return lambda: (template.format(at=random_.randint(oldest, newest), id=high) for _ in range(30))

    def opened() -> Iterator[str]:
        return (f"/inbox?open={random_.randint(low, high)}" for _ in range(30))

    def same(path: str) -> Callable[[], Iterator[str]]:
        return lambda: iter([path] * 20)

    return {
        "inbox": same("/inbox"),
        "inbox, any page": places("/inbox?before={at}-{id}"),
        "of a service": places(f"/inbox?service={service['id']}&before={{at}}-{{id}}"),
        "unread": places("/inbox?only=unread&before={at}-{id}"),
        "opted out": places("/inbox?only=opted_out&before={at}-{id}"),
        "a conversation": opened,
        "of the phone that writes most": same(f"/inbox?open={_open(app, BUSY)}"),
    }


def fill_inbox(service: Row, total: int) -> None:
    """Conversations of four messages each over the days, and one with a hundredth of all; half of them with a service's number.

    One in ten is unread, one in fifty has opted out.
    """
    start, length = clock.now_ms() - DAYS * clock.DAY, DAYS * clock.DAY
    with atomic() as tx:
        for first in range(0, total, CHUNK):
            times = [(index, start + index * length // total) for index in range(first, min(first + CHUNK, total))]
            tx.insert_many("inbound_messages", INBOUND, (_inbound(service, index, at) for index, at in times))
            begun = (_conversation(service, index, at) for index, at in times if index % TO_A_CONVERSATION == 2)
            tx.insert_many("conversations", CONVERSATION, begun)
        tx.insert_many("conversations", CONVERSATION, [_conversation(service, 0, start + length)])


def _phone(index: int) -> str:
    return f"+256712{index // TO_A_CONVERSATION:06d}" if index % 100 else BUSY


def _number(index: int) -> str:
    return NUMBER if index // TO_A_CONVERSATION % 2 else ""


def _inbound(service: Row, index: int, at: int) -> tuple:
    number = _number(index) if index % 100 else NUMBER
    ours = (service["id"], service["wallet_id"]) if number else (None, None)
    return (new_id(), service["account_id"], *ours, "sandbox", "sandbox", _phone(index), number, f"Join me, number {index}", at)


def _conversation(service: Row, index: int, at: int) -> tuple:
    number = _number(index) if index % 100 else NUMBER
    conversation = index // TO_A_CONVERSATION
    return (
        service["account_id"],
        _phone(index),
        number,
        service["id"] if number else None,
        "sandbox",
        f"Join me, number {index}",
        int(conversation % 10 == 3),
        int(conversation % 50 == 7),
        at,
    )
