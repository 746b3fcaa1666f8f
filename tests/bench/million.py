"""A million messages in the table: pages, detail, figures. In this process: no HTTP, no client."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import close, make_app
from tests.support.apis import basic
from tests.support.wire import PUBLISHED
from wesend.core import clock

from . import empty
from .figure import Figure, Yardstick, figure
from .filling import BULK, fill
from .rounds import EMPTY
from .serving import HEADERS, prepare
from .sizes import Sizes

BAR_MS = 15.0


class Timed(NamedTuple):
    """Milliseconds of CPU in the server, so that what else the machine does is not counted.

    ``first`` with nothing of it in memory, ``worst`` and ``median`` of what followed.
    """

    name: str
    first: float
    median: float
    worst: float


def bench(sizes: Sizes) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "instance")
        app = make_app(Path(folder) / "instance")
        fill(app, sizes.listed)
        bare = Yardstick(f"{EMPTY}, in process", empty_ms())
        for found in measure(app.test_client(), sizes.listed):
            yield shown(found, bare)
        with app.app_context():
            app.extensions["wesend.last_used"].flush()  # else its thread writes when the folder is gone
        close(app)


def shown(timed: Timed, bare: Yardstick) -> Figure:
    return figure(
        timed.name,
        max(timed.first, timed.worst),
        "ms",
        at_most=BAR_MS,
        beside=bare,
        first=round(timed.first, 2),
        median=round(timed.median, 2),
    )


def empty_ms() -> float:
    client, spent = empty.make_app().test_client(), []
    for _ in range(100):
        start = time.thread_time()
        client.post(
            "/api/v1/sms/send",
            json={"recipient": "+256772000001"},
            headers={"Authorization": basic(PUBLISHED.key, PUBLISHED.secret)},
        )
        spent.append((time.thread_time() - start) * 1000)
    return median(spent)


def calls(client: FlaskClient, total: int) -> dict[str, Callable[[], Iterator[str]]]:
    """What is measured: a name → the paths that are asked for, the first of them cold."""
    random_ = random.Random(1)
    pages = total // 100
    someone = client.get(f"/api/messages?limit=1&page={total // 3}", headers=HEADERS).json["messages"][0]
    bulk = client.get(f"/api/messages?limit=1&page={total - BULK - 10}", headers=HEADERS).json["messages"][0]["id"]
    batch = client.get(f"/api/messages/{bulk}", headers=HEADERS).json["batch_id"]
    today = clock.to_datetime(clock.now_ms()).strftime("%Y-%m-%d")
    a_month_ago = clock.days_before(today, 30)

    def paths(template: str, most: int) -> Callable[[], Iterator[str]]:
        return lambda: (
            template.format(page=page) for page in (most // 2, most - 1, 0, *(random_.randrange(most) for _ in range(30)))
        )

    return {
        "list, any page": paths("/messages?limit=100&page={page}", pages),
        "list of delivered": paths("/messages?status=delivered&limit=100&page={page}", pages * 9 // 10),
        "list of failed": paths("/messages?status=failed&limit=100&page={page}", pages // 12),
        "list of queued": paths("/messages?status=queued&limit=100&page={page}", 1),
        "list of submitted": paths("/messages?status=submitted&limit=100&page={page}", 1),
        "list of a batch": paths(f"/messages?batch_id={batch}&limit=100&page={{page}}", BULK // 100),
        "list of a phone": paths("/messages?to=%2B256712000123&page={page}", 1),
        "list of 30 days": paths(f"/messages?date_from={a_month_ago}&date_to={today}&limit=100&page={{page}}", pages // 3),
        "list of delivered in 30 days": paths(
            f"/messages?status=delivered&date_from={a_month_ago}&limit=100&page={{page}}", pages // 4
        ),
        "detail": paths(f"/messages/{someone['id']}", 1),
        "stats": paths("/messages/stats", 1),
        "volume, 90 days": paths("/messages/volume?days=90", 1),
        "batch": paths(f"/messages/batch/{batch}", 1),
        "routes/health": paths("/routes/health", 1),
    }


def measure(client: FlaskClient, total: int) -> Iterator[Timed]:
    # As the server does before it forks: what the other benchmarks left here is not the server's to look through.
    gc.collect()
    gc.freeze()
    for name, given in calls(client, total).items():
        yield timed(name, lambda path: client.get("/api" + path, headers=HEADERS), given())


def timed(name: str, get: Callable[[str], TestResponse], paths: Iterator[str]) -> Timed:
    spent = []
    for path in paths:
        start = time.thread_time()
        answer = get(path)
        spent.append((time.thread_time() - start) * 1000)
        assert answer.status_code == 200, answer.get_data(as_text=True)
    return Timed(name, spent[0], sorted(spent[1:])[len(spent) // 2], max(spent[1:]))
