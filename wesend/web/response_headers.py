"""Headers of every answer, whoever gives it: nothing is guessed about its type, nothing private is kept on the way."""

from __future__ import annotations

from flask import Flask, Response

A_YEAR = "max-age=31536000"
"""Not for subdomains: they may be other people's, and without TLS."""


def init_app(app: Flask) -> None:
    is_https = app.config["WESEND"].base_url.startswith("https://")

    @app.after_request
    def seal(response: Response) -> Response:
        """What has a rule of its own about being kept (files of the dashboard and the documents) goes by that."""
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Cache-Control", "no-store")
        if is_https:
            headers["Strict-Transport-Security"] = A_YEAR
        return response
