"""A real browser on a real server: one of each for all tests; every test has accounts and people of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from ..support.browser import CHROMIUM, Somebody
from ..support.forked import ForkedServer
from ..support.server import Server

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")

NUMBERS = count(1)


@pytest.fixture(scope="package")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    folder = copy_instance(tmp_path_factory.mktemp("browser") / "instance")
    folder.chmod(0o700)
    with ForkedServer(
        folder, WESEND_SANDBOX_DELAY="0", WESEND_ALLOW_PRIVATE_URLS="1", WESEND_WEBHOOK_BACKOFF="0", WESEND_WORKERS="1"
    ) as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, server) -> Iterator[Callable[..., Somebody]]:
    """``visit("owner", account_id)`` signs somebody new in; without a role nobody is signed in.

    Whatever the console complains of fails the test.
    """
    opened: list[Somebody] = []

    def make(role: str | None = None, account_id: int | None = None, *, width: int = 1280, scheme: str = "light") -> Somebody:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=server.url)
        context.set_default_timeout(15_000)
        somebody = Somebody(context.new_page())
        opened.append(somebody)
        if role is not None:
            account = ["--account", str(account_id)] if account_id is not None else []
            created = server.command("user", "create", f"{role}{next(NUMBERS)}@example.com", "--role", role, *account)
            somebody.use_link(created["sign_in_url"])
        return somebody

    yield make
    complaints = [complaint for somebody in opened for complaint in somebody.complaints]
    for somebody in opened:
        somebody.page.context.close()
    assert complaints == []


@pytest.fixture
def shop(server) -> dict:
    """A new account with a sandbox wallet of 10,000 UGX: ``account_id``, ``wallet_id``."""
    account = server.command("account", "create", f"Shop {next(NUMBERS)}")["account_id"]
    wallet = server.command("wallet", "create", "--account", str(account), "--currency", "UGX", "--sandbox")
    server.command("wallet", "credit", wallet["wallet_id"], "10000")
    return {"account_id": account, "wallet_id": wallet["wallet_id"]}
