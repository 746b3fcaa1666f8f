"""What the snippet for Playwright takes from pytest-playwright and from its application: a page, and where the shop serves."""

from __future__ import annotations

import os
from threading import Thread
from wsgiref.simple_server import make_server

import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture
def shop_url(shop):
    with make_server("127.0.0.1", 0, shop.wsgi) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def page():
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()
