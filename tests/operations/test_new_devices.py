"""A mail to somebody who signed in from a browser that was not known."""

from __future__ import annotations

import pytest

from wesend.accounts import devices
from wesend.accounts import sign_in as signing_in
from wesend.database import query
from wesend.operations import new_devices

from ..support.dashboard import PASSWORD, Visitor, give_password, make_user
from ..support.mail import MailServer

EMAIL = "grace@example.com"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def server():
    with MailServer() as server:
        yield server


@pytest.fixture
def app(app_with, server):
    return app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{server.port}", WESEND_MAIL_FROM="wesend@example.org")


def sign_in(app, visitor: Visitor | None = None) -> Visitor:
    visitor = visitor or Visitor(app)
    visitor.get("/sign-in")
    answer = visitor.client.post(
        "/sign-in", data={"csrf_token": visitor.token, "email": EMAIL, "password": PASSWORD}, headers={"User-Agent": AGENT}
    )
    assert answer.status_code == 303
    return visitor


def test_a_new_device_is_told_of_once_and_a_known_one_never(app, context, server):
    give_password(app, make_user(app, email=EMAIL))
    home = sign_in(app)
    new_devices.tell()
    new_devices.tell()
    (mail,) = server.taken
    text = mail.message.get_content()
    assert mail.to == [EMAIL] and "Firefox on Linux, from 127.0.0.1" in text and "change your password" in text
    home.get("/security")
    home.post("/sign-out")
    sign_in(app, home)
    new_devices.tell()
    assert len(server.taken) == 1 and query("SELECT count(*) FROM known_devices")[0][0] == 1
    sign_in(app)
    new_devices.tell()
    assert len(server.taken) == 2


def test_the_very_first_sign_in_is_no_news(app, context, server):
    user = make_user(app, email=EMAIL)
    token = signing_in.issue_link(user, actor="test")
    visitor = Visitor(app)
    visitor.get(f"/sign-in/{token}")
    assert visitor.post(f"/sign-in/{token}", password=PASSWORD).status_code == 303
    new_devices.tell()
    assert server.taken == [] and query("SELECT count(*) FROM known_devices")[0][0] == 1


def test_old_news_is_not_told(app, context, server, clock):
    give_password(app, make_user(app, email=EMAIL))
    sign_in(app)
    clock.advance(24 * 3600)
    new_devices.tell()
    assert server.taken == [] and devices.to_mail() == []


def test_a_server_that_is_away_gets_it_later(app, context, server):
    give_password(app, make_user(app, email=EMAIL))
    sign_in(app)
    server.says("DATA", "451 Not now")
    new_devices.tell()
    assert server.taken == [] and len(devices.to_mail()) == 1
    new_devices.tell()
    assert len(server.taken) == 1 and devices.to_mail() == []


def test_without_a_mail_server_nothing_waits(app_with):
    app = app_with()
    with app.app_context():
        _sign_in_and_tell(app)
        assert devices.to_mail() == []


def _sign_in_and_tell(app) -> None:
    give_password(app, make_user(app, email=EMAIL))
    sign_in(app)
    new_devices.tell()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (AGENT, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown"),
    ],
)
def test_what_a_browser_is_called(agent, name):
    assert devices.name_of(agent) == name
