"""The floor: a Flask route that reads credentials and JSON and answers JSON, under the same gunicorn options.

Its process has imported what wesend imports.
"""

from __future__ import annotations

from flask import Flask, request

from wesend import server
from wesend.core import settings


def make_app() -> Flask:
    app = Flask("empty")

    @app.post("/api/v1/sms/send")
    def send():
        given = request.authorization
        if given is None or not given.username or not given.password:
            return {"success": False}, 401
        body = request.get_json()
        return {"success": True, "message": "1 message sent", "data": {"recipient": body["recipient"]}}

    @app.get("/healthz")
    def healthz():
        return {"status": "ok"}

    return app


class JobLess(server.Server):
    """wesend's gunicorn options, all of them, without its jobs."""

    def load_config(self) -> None:
        super().load_config()
        self.cfg.set("post_worker_init", server.stay_on_one_cpu)
        self.cfg.set("worker_exit", lambda arbiter, worker: None)


if __name__ == "__main__":
    JobLess(make_app(), settings.load()).run()
