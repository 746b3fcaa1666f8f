"""A statement as the customer's bookkeeper gets it: one page of A4, whatever the month held; and who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from wesend.core import clock as wesend_clock

from ..conftest import MovableClock, close, make_app
from ..support.accounts import ACTOR, mint
from ..support.browser import Somebody
from ..support.domain import send
from ..support.forked import ForkedServer

PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
MONTH = "2026-05"
NAMES = iter(range(1, 100))


@pytest.fixture(scope="module")
def months(copy_instance, tmp_path_factory) -> Iterator[tuple[ForkedServer, dict[int, str], int]]:
    """A server after a month of sends: wallets by how many lines their statement has, and the account of the last."""
    folder = copy_instance(tmp_path_factory.mktemp("statements") / "instance")
    folder.chmod(0o700)
    app = make_app(folder, WESEND_SANDBOX="1")
    wallets = {}
    try:
        for countries in (2, 3):
            wallets[30 * countries], account = _month(app, countries)
    finally:
        wesend_clock.use(None)
        close(app)
    seller = "Jambo Messaging Ltd|Plot 12, Kampala Road|P.O. Box 1234, Kampala|TIN 1000123456"
    with ForkedServer(folder, WESEND_SANDBOX="1", WESEND_WORKERS="1", WESEND_SELLER=seller) as server:
        yield server, wallets, account


def _month(app, countries: int) -> tuple[str, int]:
    """Each day sends to some countries; where they are more than two, from a wallet whose money came in many small credits."""
    from wesend.wallets import service

    at = MovableClock(datetime(2026, 5, 1, 9, tzinfo=UTC).timestamp())
    wesend_clock.use(at)
    shop = mint(app, balance="1000000")
    firm = (
        "--legal-name",
        "Acacia Pharmacies (Uganda) Ltd",
        "--address",
        "Plot 7, Acacia Avenue|Kololo|Kampala",
        "--tax-id",
        "1009",
    )
    app.test_cli_runner().invoke(args=["account", "set", str(shop.account_id), *firm])
    with app.app_context():
        wallet = service.find_wallet(shop.wallet, actor=ACTOR)
        for day in range(30):
            send(wallet, *(("+256712000001", "+254712000001", "+255712000001")[:countries]))
            if countries > 2 and day % 3 == 0:
                service.credit_by_hand(wallet, 5_000_000_000, note=f"Bank transfer {day}", actor=ACTOR)
            at.advance(86_400)
    return shop.wallet, shop.account_id


@pytest.fixture
def look(browser, months) -> Iterator:
    server, opened = months[0], []

    def make(role: str, account_id: int | None, **options) -> Somebody:
        context = browser.new_context(base_url=server.url, **options)
        opened.append(context)
        somebody = Somebody(context.new_page())
        account = ["--account", str(account_id)] if account_id is not None else []
        told = server.command("user", "create", f"{role}{next(NAMES)}@example.com", "--role", role, *account)
        somebody.use_link(told["sign_in_url"])
        return somebody

    yield make
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lines", [60, 90])
def test_it_is_printed_on_one_page(look, months, lines, scheme):
    _, wallets, _ = months
    operator = look("operator", None, color_scheme=scheme)
    operator.page.goto(f"/wallets/{wallets[lines]}/statements/{MONTH}")
    printed = operator.page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    assert len(PAGE.findall(printed)) == 1
    rows = operator.page.locator("table.lines").first.locator("tbody tr").count()
    assert 3 <= rows <= 62 and ("put together" in operator.page.locator("article").inner_text()) == (rows < lines)
    operator.page.emulate_media(media="print")
    assert operator.page.locator("article.statement").evaluate("found => getComputedStyle(found).color") == "rgb(0, 0, 0)"
    assert operator.page.locator("nav:visible").count() == 0 and operator.page.locator("button:visible").count() == 0
    shown = operator.page.locator("article").inner_text()
    assert all(part in shown for part in ("Jambo Messaging Ltd", "TIN 1000123456", "Acacia Pharmacies (Uganda) Ltd", "1009"))


def test_members_see_their_own_alone(look, months):
    _, wallets, account = months
    member = look("member", account)
    assert member.page.goto(f"/wallets/{wallets[90]}/statements/{MONTH}").status == 200
    assert member.page.goto(f"/wallets/{wallets[60]}/statements/{MONTH}").status == 404


BEYOND = """() => {
    const card = document.querySelector("article").getBoundingClientRect().right
    return [...document.querySelectorAll("article table")].filter(table => table.getBoundingClientRect().right > card).length
}"""


@pytest.mark.parametrize("language", ["English", "Kiswahili"])
def test_its_tables_fit_a_phone(look, months, language):
    _, wallets, account = months
    member = look("member", account, viewport={"width": 390, "height": 844})
    member.page.goto(f"/wallets/{wallets[90]}/statements/{MONTH}")
    code = {"English": "en", "Kiswahili": "sw"}[language]
    with member.page.expect_navigation():
        member.page.evaluate(
            "code => { const form = [...document.forms].find(one => one.action.endsWith('/language'));"
            " form.language.value = code; form.submit() }",
            code,
        )
    member.page.goto(f"/wallets/{wallets[90]}/statements/{MONTH}")
    assert member.page.locator("html").get_attribute("lang") == code and member.page.evaluate(BEYOND) == 0
