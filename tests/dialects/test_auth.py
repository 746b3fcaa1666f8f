"""Who may call: credentials, suspension, the sandbox's switch, rate limits and errors of no route, in every dialect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from wesend.accounts import keys, service
from wesend.accounts.credentials import Credentials
from wesend.database import query_one
from wesend.dialects.listed import DIALECTS
from wesend.wallets.service import find_wallet

from ..support.accounts import ACTOR, Minted, mint, mint_key
from ..support.apis import Api
from ..support.database import written
from ..support.dialects import ROWS, Route, Row, registered, routes
from ..support.published import APIS, CREDENTIALS
from ..support.server import Server


@pytest.fixture(params=[dialect.name for dialect in DIALECTS])
def row(request) -> Row:
    """Each dialect that is there."""
    return ROWS[request.param]


def calls(app: Flask, row: Row, headers: dict[str, str]) -> Iterator[tuple[Route, TestResponse]]:
    """Call every route of the dialect with these headers and a right body."""
    for route in routes(app):
        if route.row is row:
            body = row.bodies.get(route.pattern, ({},))[0] if route.method in ("POST", "PUT") else None
            yield route, Api(app.test_client(), headers).call(route.method, route.path, **({} if body is None else {"json": body}))


def refused(app: Flask, row: Row, headers: dict[str, str], status: int) -> bool:
    """Every route answers ``status`` in the dialect's envelope, and nothing is written."""
    before, count = written(app), 0
    for route, response in calls(app, row, headers):
        count += 1
        assert response.status_code == status, (route, headers, response.get_data(as_text=True))
        assert row.shows_refusal(response), route
    assert count and written(app) == before
    return True


def rate_limited(row: Row, response: TestResponse) -> bool:
    return response.status_code == 429 and row.shows_refusal(response) and 1 <= int(response.headers["Retry-After"]) <= 60


def minted_with(app: Flask, row: Row) -> tuple[Minted, dict[str, str]]:
    minted = mint(app, row.name, currency="SMS" if row.name in ("wasambazie", "worldledgers") else "UGX")
    return minted, row.headers(minted.credentials)


def test_every_route_refuses_a_call_without_credentials(app, row):
    assert refused(app, row, {}, 401)


def test_every_route_refuses_credentials_that_nobody_has(app, row):
    assert refused(app, row, row.headers(APIS[row.name].credentials.new(for_sandbox=True)), 401)


def test_every_route_refuses_a_wrong_secret_and_a_wrong_public_half(app, row):
    right = CREDENTIALS[row.name]
    assert refused(app, row, row.headers(right._replace(secret=right.secret[:-1] + "?")), 401)
    assert refused(app, row, row.headers(right._replace(secret=right.secret + " x")), 401)
    if right.public is not None:
        assert refused(app, row, row.headers(right._replace(public=right.public[:-1] + "?")), 401)
        assert refused(app, row, row.headers(right._replace(public=right.secret, secret=right.public)), 401)


def test_every_route_refuses_what_are_no_credentials_at_all(app, row):
    for headers in row.garbage:
        assert refused(app, row, headers, 401)


def test_a_secret_is_compared_with_its_case(app, row):
    right = CREDENTIALS[row.name]
    assert refused(app, row, row.headers(right._replace(secret=right.secret.swapcase())), 401)


def test_two_keys_do_not_mix_their_halves(app, row):
    one, two = mint(app, row.name).credentials, mint(app, row.name).credentials
    if one.public is None:
        pytest.skip("this dialect's key has one half")
    assert refused(app, row, row.headers(one._replace(secret=two.secret)), 401)


def test_a_key_of_another_dialect_is_refused(app, row):
    other = next(name for name in ROWS if name != row.name)
    given = mint(app, other).credentials
    assert refused(app, row, row.headers(Credentials(given.public or given.secret, given.secret, ())), 401)


def test_a_new_key_is_let_in(app, row):
    _, headers = minted_with(app, row)
    for route, response in calls(app, row, headers):
        assert response.status_code != 401, route


def test_a_revoked_key_is_refused_at_once_everywhere(app, row):
    minted, headers = minted_with(app, row)
    assert Api(app.test_client(), headers).get(row.probe).status_code != 401
    with app.app_context():
        keys.revoke_key(minted.key_id, actor=ACTOR)
    assert refused(app, row, headers, 401)


def test_revoking_one_key_leaves_the_accounts_other_key_alone(app, row):
    minted, headers = minted_with(app, row)
    with app.app_context():
        _, other = mint_key(minted.account_id, find_wallet(minted.wallet, actor="test"), row.name)
        keys.revoke_key(minted.key_id, actor=ACTOR)
    assert Api(app.test_client(), row.headers(other)).get(row.probe).status_code != 401
    assert Api(app.test_client(), headers).get(row.probe).status_code == 401


def test_a_suspended_account_is_refused_everywhere_until_it_is_resumed(app, row):
    minted, headers = minted_with(app, row)
    with app.app_context():
        service.set_account_status(minted.account_id, "suspended", actor=ACTOR)
    assert refused(app, row, headers, 403)
    with app.app_context():
        service.set_account_status(minted.account_id, "active", actor=ACTOR)
    for route, response in calls(app, row, headers):
        assert response.status_code != 401, route
        assert "suspended" not in response.get_data(as_text=True), route


def test_the_published_credentials_are_answered_only_while_the_sandbox_is_on(app_with, row):
    headers = row.headers(CREDENTIALS[row.name])
    assert Api(app_with(WESEND_SANDBOX="1").test_client(), headers).get(row.probe).status_code == 200
    assert refused(app_with(WESEND_SANDBOX="0"), row, headers, 401)


def test_published_credentials_are_off_when_the_world_can_reach_the_address(app_with, row):
    assert refused(app_with(WESEND_HOST="0.0.0.0"), row, row.headers(CREDENTIALS[row.name]), 401)


def test_a_key_of_ones_own_works_while_the_sandbox_is_off(app_with, row):
    app = app_with(WESEND_SANDBOX="0")
    _, headers = minted_with(app, row)
    for route, response in calls(app, row, headers):
        assert response.status_code != 401, route


def test_a_path_that_does_not_exist_is_404_in_the_dialects_envelope(app, row):
    prefix = next(dialect.prefix for dialect, known in registered(app) if known is row)
    for path in ("", "/", "/no-such-thing", "/no/such/thing", "/%ff", "/no-such-thing?x=%00"):
        for method in ("GET", "POST"):
            response = row.api(app).call(method, prefix + path)
            assert response.status_code == 404, (method, path)
            assert row.shows_refusal(response), (method, path)


def wrong_methods(app, path: str) -> list[str]:
    """Of two that hardly any route has, those that no route of this path has."""
    taken = {route.method for route in routes(app) if route.path == path}
    return [method for method in ("PATCH", "TRACE") if method not in taken]


def test_a_method_that_does_not_exist_is_405_in_the_dialects_envelope_and_names_those_that_do(app, row):
    for route in routes(app):
        if route.row is row:
            for method in wrong_methods(app, route.path):
                response = row.api(app).call(method, route.path)
                assert response.status_code == 405 and row.shows_refusal(response), route
                assert route.method in response.headers["Allow"], route


def test_a_slash_more_or_less_makes_no_404_of_a_405(app, row):
    for route in routes(app):
        if route.row is row:
            path = route.path[:-1] if route.path.endswith("/") else route.path + "/"
            response = row.api(app).call(wrong_methods(app, route.path)[0], path)
            assert response.status_code == 405 and row.shows_refusal(response), path
            assert route.method in response.headers["Allow"], path


def test_the_rate_limit_answers_429_with_retry_after(app_with, row):
    api = row.api(app_with(WESEND_RATE_LIMIT="3"))
    assert [api.get(row.probe).status_code for _ in range(3)] == [200, 200, 200]
    assert rate_limited(row, api.get(row.probe))


def test_every_call_of_a_key_counts_and_a_limited_one_writes_nothing(app_with, row):
    app = app_with(WESEND_RATE_LIMIT="1")
    assert row.api(app).get(row.probe).status_code == 200
    before = written(app)
    for route, response in calls(app, row, row.headers(CREDENTIALS[row.name])):
        assert rate_limited(row, response), route
    assert written(app) == before


def test_each_key_has_a_rate_limit_of_its_own(app_with, row):
    app = app_with(WESEND_RATE_LIMIT="1")
    _, headers = minted_with(app, row)
    assert row.api(app).get(row.probe).status_code == 200
    assert row.api(app).get(row.probe).status_code == 429
    assert Api(app.test_client(), headers).get(row.probe).status_code != 429


def test_two_workers_share_one_count(app_with, row):
    one, two = app_with(WESEND_RATE_LIMIT="2"), app_with(WESEND_RATE_LIMIT="2")
    assert [row.api(app).get(row.probe).status_code for app in (one, two, one, two)] == [200, 200, 429, 429]


def test_calls_without_credentials_do_not_use_up_anybodys_limit(app_with, row):
    app = app_with(WESEND_RATE_LIMIT="1")
    right = CREDENTIALS[row.name]
    wrong = Api(app.test_client(), row.headers(right._replace(secret="wrong")))
    assert [wrong.get(row.probe).status_code for _ in range(3)] == [401, 401, 401]
    assert row.api(app).get(row.probe).status_code == 200


def test_without_the_setting_only_world_ledgers_has_a_limit(app, row):
    api = row.api(app)
    statuses = [api.get(row.probe).status_code for _ in range(125)]
    assert statuses.count(429) == (5 if row.name == "worldledgers" else 0)


def last_used(app: Flask, key_id: int) -> int | None:
    with app.app_context():
        found = query_one("SELECT last_used_at FROM api_keys WHERE id = ?", (key_id,))
        assert found is not None
        return found[0]


def test_every_authenticated_call_moves_the_keys_last_use(app, row, clock):
    minted, headers = minted_with(app, row)
    assert last_used(app, minted.key_id) is None
    for _ in range(2):
        clock.advance(60)
        Api(app.test_client(), headers).get(row.probe)
        Server.wait_until(lambda: last_used(app, minted.key_id) == int(clock() * 1000), 20, "last use did not move")


def test_a_keys_last_use_is_written_by_the_time_that_its_thread_was_ended(app, row):
    minted, headers = minted_with(app, row)
    Api(app.test_client(), headers).get(row.probe)
    app.extensions["wesend.last_used"].stop()
    assert last_used(app, minted.key_id) is not None


def test_a_refused_secret_does_not_count_as_use(app, row, clock):
    minted, headers = minted_with(app, row)
    used = int(clock() * 1000)
    Api(app.test_client(), headers).get(row.probe)
    Server.wait_until(lambda: last_used(app, minted.key_id) == used, 20, "last use did not move")
    clock.advance(60)
    wrong = row.headers(minted.credentials._replace(secret="wrong"))
    assert Api(app.test_client(), wrong).get(row.probe).status_code == 401
    other, headers = minted_with(app, row)
    Api(app.test_client(), headers).get(row.probe)
    Server.wait_until(lambda: last_used(app, other.key_id) is not None, 20, "last use did not move")
    assert last_used(app, minted.key_id) == used
