"""Where a request comes from: the peer, or what a trusted proxy says; never what a client says of itself."""

from __future__ import annotations

import pytest

from tests.support.dashboard import Visitor, make_user
from wesend.accounts.throttle import OF_PAIR
from wesend.core.client_addresses import client_address

PROXY, CLIENT, OTHER = "127.0.0.1", "203.0.113.9", "198.51.100.7"


@pytest.mark.parametrize(
    "peer, forwarded, address",
    [
        (PROXY, CLIENT, CLIENT),
        ("::1", "2001:db8::1", "2001:db8::1"),
        (PROXY, f"{OTHER}, {CLIENT}", CLIENT),  # the client wrote the first, the proxy the last
        (PROXY, None, PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, f"{CLIENT}, ", PROXY),
        (OTHER, CLIENT, OTHER),  # no proxy of ours
    ],
)
def test_only_a_trusted_proxys_own_word_is_believed(app, peer, forwarded, address):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    with app.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": peer}):
        assert client_address() == address


def test_proxies_elsewhere_are_named_by_a_setting(app_with):
    app = app_with(WESEND_TRUSTED_PROXIES="172.17.0.0/16")
    for peer, address in (("172.17.0.1", CLIENT), (PROXY, PROXY)):
        with app.test_request_context(headers={"X-Forwarded-For": CLIENT}, environ_base={"REMOTE_ADDR": peer}):
            assert client_address() == address


def test_behind_a_proxy_somebodys_wrong_guesses_do_not_lock_others_out(app):
    make_user(app, email="operator@example.com")
    guesser = Visitor(app)

    def guess(address: str) -> int:
        form = {"csrf_token": guesser.token, "email": "operator@example.com", "password": "wrong"}
        return guesser.client.post("/sign-in", data=form, headers={"X-Forwarded-For": address}).status_code

    guesser.get("/sign-in")
    for _ in range(OF_PAIR):
        assert guess(CLIENT) != 429
    assert (guess(CLIENT), guess(OTHER)) == (429, 401)
