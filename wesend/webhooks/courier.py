"""The courier carries due deliveries, each endpoint with threads of its own, so that a slow one holds up no other.

It runs where the scheduler runs.
"""

from __future__ import annotations

import threading
import time

from flask import Flask

from ..adapters.guarded_http import GuardedHttp
from ..coordination import cluster, leadership, lease
from ..database.rows import WebhookDeliveryRow
from . import claims, deliver, headers

WIDTH = 8  # posts at once to an endpoint that answers
FAILING_WIDTH = 2
MOST_THREADS = 200
CHUNK = 16


class _EndpointThreads:
    """An endpoint's threads: they come when something is due and go when nothing is."""

    def __init__(self, courier: Courier, endpoint_id: int):
        self.courier, self.endpoint_id = courier, endpoint_id
        self.threads = 0
        self.failing = False

    def tend(self) -> None:
        """Start one thread more while there is room; it starts the next when it finds a full chunk."""
        with self.courier.lock:
            width = FAILING_WIDTH if self.failing else WIDTH
            crowded = self.courier.threads >= MOST_THREADS and self.threads > 0
            if self.threads >= width or crowded or self.courier.stopping:
                return
            self.threads += 1
            self.courier.threads += 1
        threading.Thread(target=self._run, name=f"webhook-{self.endpoint_id}", daemon=True).start()

    def _run(self) -> None:
        app, counted = self.courier.app, True
        try:
            with leadership.at_work(app):
                try:
                    while counted and not self.courier.stopping and self._round():
                        counted = not self._leave_if_crowded()
                finally:
                    app.extensions["wesend.database"].close_thread()
        except lease.LeaseLost:
            self.courier.stop()
        except Exception:
            app.logger.exception("webhook %s: the round failed; it goes on in a moment", self.endpoint_id)
        finally:
            with self.courier.lock:
                self.threads -= counted
                self.courier.threads -= counted

    def _leave_if_crowded(self) -> bool:
        """Take a thread too many out of the count at once: two must not leave because each saw the other."""
        with self.courier.lock:
            leaves = self.threads > (FAILING_WIDTH if self.failing else WIDTH)
            self.threads -= leaves
            self.courier.threads -= leaves
        return leaves

    def _round(self) -> bool:
        """Deliver a chunk; whether there may be more for this thread."""
        limit = 1 if self.failing else CHUNK
        claimed = claims.claim(self.endpoint_id, limit)
        if not claimed.rows:
            return False
        if len(claimed.rows) == limit:
            self.tend()
        target = deliver.load_target(self.endpoint_id)
        if target is None:
            claims.hand_back(claimed, claimed.rows)
            return False
        left = self._deliver(target, claimed)
        claims.hand_back(claimed, left)
        return True

    def _deliver(self, target: headers.Target, claimed: claims.Claimed) -> list[WebhookDeliveryRow]:
        """Post one after the other; what was not begun comes back."""
        rows = list(claimed.rows)
        while rows and claimed.until - time.monotonic() > deliver.LONGEST_MS / 1000:
            received = deliver.attempt(self.courier.http, target, rows.pop(0), claimed.token)
            self.failing = not received
            if self.failing:
                break
        return rows


class Courier:
    """All endpoints; ``ring`` when deliveries were committed or may be due."""

    def __init__(self, app: Flask):
        self.app = app
        self.lock = threading.Lock()
        self.endpoints: dict[int, _EndpointThreads] = {}
        self.threads = 0
        self.stopping = False
        self.http = GuardedHttp(allow_private=app.config["WESEND"].allow_private_urls)
        self.succeeding = True

    def ring(self) -> None:
        """Give every endpoint that has something due a thread; call inside an app context."""
        if self.succeeding and not cluster.is_shared():  # a predecessor at another host may live: its claims end by themselves
            claims.free_claims()
        self.succeeding = False
        for endpoint_id in claims.due_endpoints():
            self.endpoints.setdefault(endpoint_id, _EndpointThreads(self, endpoint_id)).tend()

    def stop(self) -> None:
        self.stopping = True
