"""A phone's limits, which roll, and which only live wallets have; exact under a storm of processes."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from ..support.accounts import mint
from ..support.esms import ANN, BEN, data_of, esms_of, new_esms, refused
from ..support.forked import ForkedServer
from ..support.verify import check, shown, start, started, wrong

HOUR, DAY = 3600, 86400


def wait_of(answer) -> int:
    assert refused(answer, 429, "too_many_requests")
    return int(answer.headers["Retry-After"])


def test_half_a_minute_between_two_codes(shop, clock):
    started(shop.api)
    assert wait_of(start(shop.api)) == 30
    clock.advance(29.5)
    assert wait_of(start(shop.api)) == 1
    started(shop.api, BEN)  # another phone
    clock.advance(0.5)
    started(shop.api)


def test_nobody_waits_for_a_clock_that_was_set_back(shop, clock):
    clock.advance(DAY)
    begun = started(shop.api, expiry_seconds=3600)
    for digits in range(20):
        if digits and digits % 5 == 0:
            clock.advance(60)
            begun = started(shop.api, expiry_seconds=3600)
        check(shop.api, wrong(shop.last_code()), begun["verification_id"])
    clock.advance(-DAY)
    begun = started(shop.api, expiry_seconds=3600)
    assert data_of(check(shop.api, shop.last_code(), begun["verification_id"]))["status"] == "approved"
    assert wait_of(start(shop.api)) == 30


def test_five_an_hour_and_ten_a_day(shop, clock):
    first = clock.seconds
    for _ in range(5):
        started(shop.api)
        clock.advance(60)
    assert wait_of(start(shop.api)) == HOUR - 5 * 60
    clock.seconds = first + HOUR - 1
    assert wait_of(start(shop.api)) == 1
    clock.advance(1)
    for _ in range(5):
        started(shop.api)
        clock.advance(HOUR)
    assert wait_of(start(shop.api)) == first + DAY - clock.seconds
    clock.seconds = first + DAY
    started(shop.api)


def test_a_resend_counts_and_is_refused_like_a_start(shop, clock):
    begun = started(shop.api)
    code = shop.last_code()
    assert wait_of(shop.api.post(f"/verify/{begun['verification_id']}/resend")) == 30
    after = shown(shop.api, begun["verification_id"])
    assert (after["resends_remaining"], after["message_id"]) == (3, begun["message_id"]), "nothing was written"
    assert data_of(check(shop.api, code, begun["verification_id"]))["status"] == "approved", "the code is still right"
    assert shop.api.balance() == 100_000 - 35


def test_a_refused_start_writes_nothing_and_leaves_the_older_one_pending(shop, clock):
    begun = started(shop.api)
    assert refused(start(shop.api), 429, "too_many_requests")
    assert shown(shop.api, begun["verification_id"])["status"] == "pending"
    assert data_of(shop.api.get("/verify"))["total"] == 1 and len(shop.api.messages()) == 1


def test_twenty_wrong_answers_an_hour(shop, clock):
    for phone_round in range(4):
        begun = started(shop.api, expiry_seconds=3600)
        code = shop.last_code()
        for _ in range(5):
            assert check(shop.api, wrong(code), begun["verification_id"]).status_code == 200
        clock.advance(60 if phone_round < 3 else 0)
    begun_at = clock.seconds - 180
    clock.advance(60)
    begun = started(shop.api, expiry_seconds=3600)
    code = shop.last_code()
    assert wait_of(check(shop.api, wrong(code), begun["verification_id"])) == begun_at + HOUR - clock.seconds
    assert wait_of(check(shop.api, code, to=ANN)) > 0, "the right one, too: who guesses must not learn which it is"
    assert shown(shop.api, begun["verification_id"])["attempts_remaining"] == 5
    clock.seconds = begun_at + HOUR
    assert data_of(check(shop.api, code, begun["verification_id"]))["status"] == "approved"


def test_accounts_have_limits_of_their_own(app, shop, clock):
    started(shop.api)
    other = esms_of(app, mint(app, "esms", is_sandbox=False))
    started(other)


def test_the_sandbox_waits_for_nothing_and_counts_for_nobody(app, clock):
    api = new_esms(app, balance="100000")
    for _ in range(12):
        begun = started(api)
        for _ in range(5):
            assert check(api, wrong(begun["sandbox_code"]), begun["verification_id"]).status_code == 200


# -- storms over worker processes


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory):
    folder = copy_instance(tmp_path_factory.mktemp("storm") / "instance")
    folder.chmod(0o700)
    with ForkedServer(folder, WESEND_WORKERS="2") as server:
        server.command("gateway", "set", "nowhere", "--type", "http", "--option", "url=http://127.0.0.1:9/", "--option", "body={}")
        server.command("route", "set", "ESMS_UG", "--country", "UG", "--gateway", "nowhere", "--price", "35", "--currency", "UGX")
        yield server


def live_key(server) -> str:
    account = str(server.command("account", "create", "Storm")["account_id"])
    wallet = server.command("wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    server.command("wallet", "credit", wallet, "100000")
    return server.command("key", "create", "--account", account, "--wallet", wallet, "--api", "esms")["api_key"]


def storm(server, key: str, path: str, bodies: list[dict]) -> list[requests.Response]:
    """All at once, each on a connection of its own."""
    barrier = threading.Barrier(len(bodies))

    def one(body: dict) -> requests.Response:
        with requests.Session() as session:
            barrier.wait(30)
            return session.post(server.url + path, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, bodies))


def words(answers: list[requests.Response]) -> Counter:
    return Counter(answer.json()["detail"]["code"] if answer.status_code >= 400 else answer.json()["status"] for answer in answers)


def test_of_64_starts_at_once_one_sends_a_code(server):
    key, phone = live_key(server), "+256772000101"
    answers = storm(server, key, "/api/verify/start", [{"to": phone}] * 64)
    # The gateway is nowhere: a code that is not surely refused is pending, one that is counts as well.
    told = words(answers)
    assert told["too_many_requests"] == 63 and told.total() == 64, told
    assert server.query("SELECT count(*) FROM verification_sends WHERE phone = ?", phone) == [(1,)]
    assert server.query("SELECT count(*) FROM messages WHERE recipient = ?", phone) == [(1,)]
    assert server.command("audit")["ok"]


def test_of_64_starts_at_once_in_the_sandbox_one_stays_pending(server):
    sandbox, phone = "esms_test_sandbox0000000000000000000000000", "+256772000105"
    told = words(storm(server, sandbox, "/v1/verify/start", [{"to": phone}] * 64))
    assert told.total() == 64 and set(told) <= {"pending", "canceled"}, "as it is when it is answered"
    sql = "SELECT status, count(*) FROM verifications WHERE phone = ? GROUP BY status ORDER BY status"
    assert server.query(sql, phone) == [("canceled", 63), ("pending", 1)]


def test_of_64_wrong_answers_at_once_just_as_many_are_taken_as_may_be(server):
    sandbox = "esms_test_sandbox0000000000000000000000000"
    begun = requests.post(
        server.url + "/v1/verify/start",
        json={"to": "+256772000102", "code_length": 10},
        headers={"Authorization": f"Bearer {sandbox}"},
        timeout=30,
    ).json()
    bodies = [{"code": wrong(begun["sandbox_code"]), "verification_id": begun["verification_id"]}] * 64
    answers = storm(server, sandbox, "/api/verify/check", bodies)
    assert Counter(answer.json()["attempts_remaining"] for answer in answers) == {4: 1, 3: 1, 2: 1, 1: 1, 0: 60}
    assert words(answers) == {"pending": 4, "failed": 60}


def test_of_64_right_answers_at_once_one_approves(server):
    sandbox = "esms_test_sandbox0000000000000000000000000"
    begun = requests.post(
        server.url + "/api/verify/start", json={"to": "+256772000103"}, headers={"Authorization": f"Bearer {sandbox}"}, timeout=30
    ).json()
    bodies = [{"code": begun["sandbox_code"], "to": "+256772000103"}] * 64
    assert words(storm(server, sandbox, "/v1/verify/check", bodies)) == {"approved": 1, "already_approved": 63}


def test_of_64_resends_at_once_three_are_sent(server):
    sandbox = "esms_test_sandbox0000000000000000000000000"
    begun = requests.post(
        server.url + "/api/verify/start", json={"to": "+256772000104"}, headers={"Authorization": f"Bearer {sandbox}"}, timeout=30
    ).json()
    path = f"/api/verify/{begun['verification_id']}/resend"
    assert words(storm(server, sandbox, path, [{}] * 64)) == {"pending": 3, "max_resends_exceeded": 61}
    assert server.query("SELECT count(*) FROM messages WHERE recipient = '+256772000104'") == [(4,)]
    assert server.command("audit")["ok"]
