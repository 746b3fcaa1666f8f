"""`/metrics` for Prometheus: what is counted by requests in memory, and what the database knows, read at each scrape.

Several workers add up: each writes its counts to a file of the folder that `server` names (prometheus_client's
multiprocess mode; `metrics_files` sees to their space), and whoever is asked adds the files up. Everything about
messages comes from the database, so that sends pay nothing for it.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, request

from ..binds import deliveries, opened
from ..binds import measures as binds_measures
from ..coordination import leadership, pause
from ..core import clock, money, storage
from ..core.client_addresses import has_metrics_token, is_direct_from_loopback
from ..core.current_request import this_g, this_request
from ..core.settings import Settings
from ..database.errors import DATABASE_ERRORS
from ..gateways import balances, unlisted_words
from ..messages.receipts import measures, unknown_outcomes
from ..operations import backup, notices, queue_state
from ..operations.status_counts import accepted_sms, status_counts
from ..routing import quality, routes, strategies
from ..two_way import counts

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

blueprint = Blueprint("metrics", __name__)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the workers' files are; prometheus_client reads it when it is imported, so nothing here imports it early."""
LATENCY_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BUSY_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0)


def init_app(app: Flask) -> None:
    from prometheus_client import CollectorRegistry, Histogram

    from . import metrics_files

    metrics_files.allocate_what_is_mapped()
    registry = CollectorRegistry()
    requests = Histogram(
        "wesend_http_request_seconds",
        "Seconds from a request's arrival to its answer",
        ("endpoint", "status"),
        buckets=LATENCY_BUCKETS,
        registry=registry,
    )
    waits = Histogram(
        "wesend_database_busy_wait_seconds", "Waits of at least 1 ms for the turn to write", buckets=BUSY_BUCKETS, registry=registry
    )
    timers: dict[tuple[str, int], Histogram] = {}  # looking a label up costs thrice what counting does
    app.extensions["wesend.web.metrics"] = registry
    app.extensions["wesend.database"].on_busy = waits.observe
    _count_smpp(app, registry)

    @app.before_request
    def begin() -> None:
        this_g().began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        # An endpoint's name, never a path: paths hold ids and tokens, and would be endlessly many.
        key = (this_request().endpoint or "none", response.status_code)
        timer = timers.get(key) or timers.setdefault(key, requests.labels(*key))
        timer.observe(time.perf_counter() - this_g().began)
        return response

    app.register_blueprint(blueprint)


def _count_smpp(app: Flask, registry: CollectorRegistry) -> None:
    from prometheus_client import Counter, Histogram

    submits = Counter("wesend_smpp_submits", "submit_sm that were answered", ("status",), registry=registry)
    seconds = Histogram(
        "wesend_smpp_submit_seconds", "Seconds from reading a submit_sm to its answer", buckets=LATENCY_BUCKETS, registry=registry
    )
    failures = Counter("wesend_smpp_bind_failures", "Binds that were refused", ("reason",), registry=registry)
    dropped = Counter("wesend_smpp_deliveries_dropped", "deliver_sm that no bind came for in time", registry=registry)

    def on_submit(status: str, took: float) -> None:
        submits.labels(status).inc()
        seconds.observe(took)

    counted = binds_measures.of(app)
    counted.on_submit = on_submit
    counted.on_bind_failure = lambda reason: failures.labels(reason).inc()
    counted.on_dropped = dropped.inc


@blueprint.get("/metrics")
def metrics() -> Response:
    """403 for whoever is neither on this machine nor has the token."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    settings: Settings = current_app.config["WESEND"]
    if not _may_read():
        return Response(
            "Set WESEND_METRICS_TOKEN and send it as a bearer token: without it only this machine is answered.\n",
            403,
            mimetype="text/plain",
        )
    return Response(_shown_counts() + generate_latest(_read(settings)), content_type=CONTENT_TYPE_LATEST)


def _may_read() -> bool:
    return has_metrics_token() or is_direct_from_loopback(request)


def _shown_counts() -> bytes:
    """Those of this process alone where the files of all can't be read."""
    from prometheus_client import generate_latest

    try:
        return generate_latest(_counted())
    except (OSError, ValueError, struct.error):
        return generate_latest(current_app.extensions["wesend.web.metrics"])


def _counted() -> CollectorRegistry:
    """What all workers have counted; in a single process without their folder, what this one has."""
    from prometheus_client import CollectorRegistry, multiprocess

    if not os.environ.get(FOLDER_VARIABLE):
        return current_app.extensions["wesend.web.metrics"]
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry


def _read(settings: Settings) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry

    class State:
        def collect(self) -> Iterator[Metric]:
            for part in (_messages, _inbound, _queue, _webhooks, _instance, _storage, _vendors, _routes, _smpp, _notices):
                yield from _readable(part, settings)

    registry = CollectorRegistry()
    registry.register(State())
    return registry


def _readable(part: Callable[[Settings], Iterator[Metric]], settings: Settings) -> list[Metric]:
    """A part of the figures; nothing where it can't be read now, so that the rest is told."""
    try:
        return list(part(settings))
    except (OSError, *DATABASE_ERRORS) as error:
        current_app.logger.error("figures can't be read: %s", error, exc_info=True)
        return []


def _storage(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    found = storage.here()
    yield GaugeMetricFamily("wesend_storage_free_bytes", "Bytes free where the instance keeps its things", value=found.free())
    yield GaugeMetricFamily(
        "wesend_storage_reserve_bytes", "With fewer free, bulks and uploads are refused; 0: off", value=found.reserve
    )
    yield GaugeMetricFamily("wesend_storage_full", "1 while nothing can be stored", value=int(found.problem() is not None))


def _messages(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    statuses = CounterMetricFamily(
        "wesend_messages", "Messages that got a status, since the instance was made", labels=("dialect", "gateway", "status")
    )
    for names, count in sorted(status_counts().items()):
        statuses.add_metric(names, count)
    yield statuses
    yield CounterMetricFamily("wesend_sms_accepted", "SMS that were accepted, since the instance was made", value=accepted_sms())


def _notices(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    resting = GaugeMetricFamily(
        "wesend_gateway_resting", "1 while a gateway rests after failures, until a call goes well", labels=("gateway",)
    )
    for name in notices.resting_gateways():
        resting.add_metric((name,), 1)
    yield resting
    yield GaugeMetricFamily(
        "wesend_unknown_outcomes", "Messages of which nobody knows whether they left", value=unknown_outcomes.count_unknown()
    )
    yield GaugeMetricFamily("wesend_receipts_unmatched", "Receipts of a day that fit no message", value=notices.count_unmatched())
    yield GaugeMetricFamily("wesend_wallets_low", "Live wallets below their threshold", value=notices.count_low_wallets())


def _inbound(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    told = CounterMetricFamily(
        "wesend_inbound",
        "Messages that people wrote, by what became of them: matched, unmatched, repeated",
        labels=("gateway", "outcome"),
    )
    for names, count in counts.totals().items():
        told.add_metric(names, count)
    yield told
    yield GaugeMetricFamily(
        "wesend_inbound_unmatched", "Messages that are nobody's, for an operator to look at", value=counts.unmatched()
    )


def _queue(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    now = clock.now_ms()
    depth = GaugeMetricFamily("wesend_queue_messages", "Messages in the queue", labels=("gateway",))
    age = GaugeMetricFamily(
        "wesend_queue_oldest_due_seconds",
        "How long the oldest message that may leave has been due; a paused bulk's may not",
        labels=("gateway",),
    )
    for queue in queue_state.queues():
        depth.add_metric((queue.gateway,), queue.waiting)
        age.add_metric((queue.gateway,), max(0, now - queue.oldest_due) / 1000 if queue.oldest_due is not None else 0)
    yield from (depth, age)
    yield GaugeMetricFamily("wesend_scheduled_messages", "Messages whose time has not come", value=queue_state.scheduled())
    yield GaugeMetricFamily("wesend_dispatch_paused", "1 while nothing leaves the instance", value=int(pause.current() is not None))


def _vendors(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    left = GaugeMetricFamily(
        "wesend_gateway_balance", "What is left at the vendor's, as it last said", labels=("gateway", "currency")
    )
    low = GaugeMetricFamily(
        "wesend_gateway_balance_low", "1 while less is left than the option balance_alert", labels=("gateway", "currency")
    )
    for name, balance in balances.balances().items():
        labels = (name, balance.currency or "")
        left.add_metric(labels, balance.amount_micros / money.MICRO)
        if balance.alert_micros is not None:
            low.add_metric(labels, int(balance.low_since is not None))
    words = CounterMetricFamily(
        "wesend_receipt_words_unknown", "Receipts whose word is in no list of the vendor's file", labels=("gateway",)
    )
    for name, count in sorted(unlisted_words.totals().items()):
        words.add_metric((name,), count)
    yield from (left, low, words)


def _routes(_settings: Settings) -> Iterator[Metric]:
    """Of the last two days, but for the rate, which is the last quarter of an hour's."""
    from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

    kinds = {
        "submissions": GaugeMetricFamily(
            "wesend_route_submissions", "Messages given to a gateway in 48 hours", labels=("route", "gateway", "outcome")
        ),
        "receipts": GaugeMetricFamily(
            "wesend_route_receipts", "What it told of them in 48 hours", labels=("route", "gateway", "status")
        ),
        "errors": GaugeMetricFamily(
            "wesend_route_errors", "Its codes of failures in 48 hours", labels=("route", "gateway", "code")
        ),
    }
    seconds = HistogramMetricFamily("wesend_route_seconds", "Until the final receipt, in 48 hours", labels=("route", "gateway"))
    rate = GaugeMetricFamily("wesend_route_rate", "Share that was delivered, of 15 minutes", labels=("route", "gateway"))
    for key, figure in sorted(quality.totals().items()):
        for kind, metric in kinds.items():
            for label, count in sorted(getattr(figure, kind).items()):
                metric.add_metric((*key, label), count)
        if figure.seconds:
            seconds.add_metric(key, figure.buckets(), sum_value=None)
    lowered = GaugeMetricFamily("wesend_route_lowered", "1 while it goes behind all others", labels=("route", "gateway"))
    now = clock.now_ms()
    for code, state in sorted(strategies.states().items()):
        gateway = next((route.gateway or "" for route in routes.all_routes() if route.code == code), "")
        lowered.add_metric((code, gateway), int(state.is_lowered(now)))
    for key, figure in sorted(measures.figures().items()):
        if figure.rate is not None:
            rate.add_metric(key, figure.rate)
    yield from (*kinds.values(), seconds, rate, lowered)


def _smpp(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    binds = GaugeMetricFamily("wesend_smpp_binds", "Open binds of customers, over all processes", labels=("mode",))
    for mode, found in opened.count_by_mode().items():
        binds.add_metric((mode,), found)
    yield binds
    yield GaugeMetricFamily(
        "wesend_smpp_deliveries_waiting", "deliver_sm that no client has acknowledged", value=deliveries.count_waiting()
    )


def _webhooks(_settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    backlog = queue_state.webhook_backlog()
    yield GaugeMetricFamily("wesend_webhook_backlog", "Webhook deliveries that are not over", value=backlog.waiting)
    yield GaugeMetricFamily(
        "wesend_webhook_oldest_due_seconds",
        "How long the oldest of them that is due has been so",
        value=max(0, clock.now_ms() - backlog.oldest_due) / 1000 if backlog.oldest_due is not None else 0,
    )


def _instance(settings: Settings) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    found = leadership.running(settings)
    yield GaugeMetricFamily("wesend_scheduler_up", "1 while a process runs the jobs", value=int(found is not None))
    if found is not None:
        yield GaugeMetricFamily("wesend_scheduler_lag_seconds", "Seconds by which the jobs are late", value=found.lag)
    size = GaugeMetricFamily("wesend_database_bytes", "Size of the database's files", labels=("file",))
    for label, ending in (("main", ""), ("wal", "-wal")):
        path = settings.database.with_name(settings.database.name + ending)
        size.add_metric((label,), path.stat().st_size if path.exists() else 0)
    yield size
    yield GaugeMetricFamily(
        "wesend_backup_late", "1 while the next backup by the clock is late, or none was made", value=int(backup.is_overdue())
    )
    age = backup.age_ms()
    if age is not None:
        yield GaugeMetricFamily("wesend_backup_age_seconds", "Age of the newest backup made by the clock", value=age / 1000)
