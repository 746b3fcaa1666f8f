"""Schemathesis: whatever is sent, no crash, and no answer that the dialect's own document does not allow.

Also: what breaks a request's schema is refused, what was deleted is gone, nothing works without credentials. The
same seed and number of examples in every run; 502 and 503 are answers of their own where a document has them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from flask import Flask
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from werkzeug.serving import WSGIRequestHandler, make_server

from ..support.dialects import ROWS
from ..support.documents import Watch
from ..support.published import APIS, CREDENTIALS

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "use_after_free",
    "ignored_auth",
)


class Quiet(WSGIRequestHandler):
    def log(self, *_args) -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def config(name: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 20260610,
            "cache": {"enabled": False},
            "headers": ROWS[name].headers(CREDENTIALS[name]),
            "generation": {"deterministic": True, "max-examples": 5, "no-shrink": True, "database": "none"},
            "checks": {
                "enabled": False,
                **{check: {"enabled": True} for check in CHECKS},
                "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "502", "503"]},
            },
        }
    )


def found_by(events) -> Iterator[str]:
    """What is wrong, each with a command that shows it."""
    for event in events:
        if isinstance(event, engine.events.FatalError | engine.events.NonFatalError):
            yield str(event)
        if isinstance(event, engine.events.ScenarioFinished):
            for check in [check for checks in event.recorder.checks.values() for check in checks]:
                if check.failure_info is not None:
                    yield f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"


@pytest.mark.parametrize("name", APIS)
def test_no_crash_and_no_undocumented_answer(app_with, name):
    app, watch = app_with(WESEND_RATE_LIMIT="1000000"), Watch()
    watch.attach(app)
    with served(app) as url:
        schema = schemathesis.openapi.from_url(f"{url}/docs/openapi/{name}.json", config=config(name))
        wrong = list(found_by(engine.from_schema(schema).execute()))
    assert not wrong, "\n\n".join(wrong)[:10_000]
    assert watch.problems == []
    called = {operation for _, operation, _ in watch.seen}
    assert called == {operation["operationId"] for paths in schema.raw_schema["paths"].values() for operation in paths.values()}, (
        "not everything was called"
    )
