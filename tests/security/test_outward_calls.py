"""What a page asks of the world outside holds half of the threads at most, however long the world takes over its answer."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests.support.connections import browser
from tests.support.dashboard import PASSWORD, Visitor, make_user
from tests.support.forked import ForkedServer
from tests.support.receiver import hang
from wesend.core.errors import TooManyAsked
from wesend.gateways import request_limits
from wesend.wallets.service import find_wallet
from wesend.webhooks import endpoints

THREADS = 4
SENTENCE = "Too many tests and checks are under way"


@pytest.fixture
def operator(context) -> Visitor:
    return Visitor(context, make_user(context))


@pytest.fixture
def crowded(context):
    """As many asked by hand as may."""
    with ExitStack() as stack:
        for _ in range(THREADS // 2):
            stack.enter_context(request_limits.asked_by_hand())
        yield context


def test_half_of_the_threads_may_ask_and_the_next_is_refused_until_one_is_done(crowded):
    with pytest.raises(TooManyAsked), request_limits.asked_by_hand():
        pass
    assert not crowded.extensions["wesend.core.thread_slots"].busy.get("sandbox")


def refused_at_once(operator: Visitor, path: str, **fields: str) -> None:
    answer = operator.post(path, **fields)
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1 and SENTENCE in answer.text


def test_a_webhooks_test_is_refused_before_anything_is_written(context, operator, crowded):
    row, _ = endpoints.add_endpoint(account_id=1, format_name="wesendall", url="https://example.com/", actor="test")
    refused_at_once(operator.pick(1), f"/webhooks/{row['id']}/test")
    refused_at_once(operator, "/operator/gateways/sandbox/test", to="+256772345678", text="Hello")


def test_a_deposits_check_is_refused(context, operator, crowded, wesendall):
    wesendall.post(
        "/account/topup", {"walletId": find_wallet("wal_sandbox_wesendall", actor="test").uid, "amount": 500, "phone": "0772345678"}
    )
    refused_at_once(operator, "/operator/deposits/1/ask")


def signed_in(server: ForkedServer) -> requests.Session:
    visitor, link = browser(), server.command("user", "create", "operator@example.com")["sign_in_url"]
    visitor.headers["Referer"] = link
    answer = visitor.post(link, data={"csrf_token": token_of(visitor.get(link).text), "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return visitor


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_16_tests_against_a_tarpit_leave_the_server_answering(instance, receiver):
    receiver.behave(hang)
    with ForkedServer(instance, WESEND_WORKERS="1", WESEND_THREADS=str(THREADS), WESEND_ALLOW_PRIVATE_URLS="1") as server:
        browser = signed_in(server)
        made = server.command("webhook", "add", "--account", "1", "--format", "wesendall", "--url", receiver.url)
        path, cookies = f"{server.url}/webhooks/{made['webhook_id']}", browser.cookies
        token = token_of(browser.get(path).text)

        def test() -> int:
            return requests.post(
                f"{path}/test",
                data={"csrf_token": token},
                cookies=cookies,
                allow_redirects=False,
                headers={"Referer": path},
                timeout=60,
            ).status_code

        pool = ThreadPoolExecutor(16)
        asked = [pool.submit(test) for _ in range(16)]
        try:
            server.wait_until(lambda: sum(one.done() for one in asked) == 14, 10, "they are waited for")
            assert {one.result() for one in asked if one.done()} == {429}
            began = time.monotonic()
            assert all(requests.get(f"{server.url}/docs", timeout=10).status_code == 200 for _ in range(5))
            assert time.monotonic() - began < 3
        finally:
            receiver.closing.set()
            pool.shutdown()
