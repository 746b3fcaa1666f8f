"""The SMPP server: an edge like the dialects, with the protocol's own words for the same sends, wallets, routes and refusals."""

from __future__ import annotations

from flask import Flask

from ..accounts import credentials
from ..binds.terms import API
from ..sandbox import published
from .access import CREDENTIALS, SANDBOX


def init_app(app: Flask) -> None:
    credentials.register(app, API, CREDENTIALS)
    published.register(app, API, SANDBOX)
