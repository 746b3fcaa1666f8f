"""What the outside calls: e-mail tracking."""

from flask import Flask

from . import tracking


def init_app(app: Flask) -> None:
    app.register_blueprint(tracking.blueprint)
