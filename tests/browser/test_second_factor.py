"""A second factor in a real browser: an app's code, and a passkey of Chromium's virtual authenticator."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyotp
import pytest

from ..support.browser import PASSWORD, Somebody
from ..support.forked import ForkedServer
from ..support.server import Server
from .conftest import NUMBERS


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    """At `localhost`: browsers make no passkeys for an address of numbers."""
    folder = copy_instance(tmp_path_factory.mktemp("passkeys") / "instance")
    folder.chmod(0o700)
    server = ForkedServer(folder, WESEND_WORKERS="1")
    at_localhost = f"http://localhost:{server.port}"
    server.environment["WESEND_BASE_URL"] = at_localhost
    with server:
        server.url = at_localhost
        yield server


def sign_out(somebody: Somebody) -> None:
    somebody.page.get_by_role("button", name="Sign out", exact=True).first.click()
    somebody.page.get_by_role("heading", name="Sign in").wait_for()


def give_password(somebody: Somebody, email: str) -> None:
    page = somebody.page
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="One more thing").wait_for()


@pytest.fixture
def grace(visit, server) -> tuple[Somebody, str]:
    somebody = visit()
    email = f"grace{next(NUMBERS)}@example.com"
    somebody.use_link(server.command("user", "create", email)["sign_in_url"])
    return somebody, email


def test_an_app_is_set_up_and_asked_for(grace):
    somebody, email = grace
    page = somebody.page
    page.get_by_role("link", name="Your sign-in").click()
    page.get_by_role("button", name="Set up an authenticator app").click()
    assert page.locator("#qr").evaluate("image => image.naturalWidth > 100"), "the picture is let through"
    app = pyotp.TOTP(page.locator("#secret").inner_text())
    assert somebody.fits() and somebody.serious_faults() == []
    page.get_by_label("Code that the app shows").fill(app.now())
    page.get_by_role("button", name="Set it up").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    codes = page.get_by_label("Recovery codes", exact=True).inner_text().split()
    assert len(codes) == 10 and somebody.fits() and somebody.serious_faults() == []
    sign_out(somebody)
    give_password(somebody, email)
    page.get_by_label("Code").fill(app.at(time.time() + 30))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    sign_out(somebody)
    give_password(somebody, email)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_passkey_is_made_and_proved(grace, width):
    somebody, email = grace
    page = somebody.page
    page.set_viewport_size({"width": width, "height": 900})
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    authenticator = devtools.send(
        "WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}}
    )["authenticatorId"]
    page.goto("/security")
    page.get_by_role("link", name="Set up a passkey").click()
    assert somebody.fits() and somebody.serious_faults() == []
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert "Laptop" in page.get_by_role("table").first.inner_text()
    page.goto("/")
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_out(somebody)
    give_password(somebody, email)
    assert somebody.serious_faults() == []
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Overview").wait_for()
    (credential,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert credential["signCount"] >= 1
    sign_out(somebody)
    devtools.send("WebAuthn.removeCredential", {"authenticatorId": authenticator, "credentialId": credential["credentialId"]})
    give_password(somebody, email)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The browser did not use a passkey").wait_for()
