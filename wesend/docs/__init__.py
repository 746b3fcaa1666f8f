"""`/docs`: an OpenAPI document and a Postman collection of each API, and pages that show them."""

from flask import Flask

from . import pages


def init_app(app: Flask) -> None:
    app.register_blueprint(pages.blueprint)
