"""What the outside calls: gateways with receipts and payment results, recipients' mail programs."""

from flask import Flask

from . import gateways, tracking


def init_app(app: Flask) -> None:
    app.register_blueprint(gateways.blueprint)
    app.register_blueprint(tracking.blueprint)
