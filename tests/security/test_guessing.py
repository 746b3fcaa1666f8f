"""Guesses at passwords: refused by place and by account, and nobody is locked out by a stranger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from wesend.accounts import places, sign_in, throttle
from wesend.core.errors import InvalidCredentials, RateLimited
from wesend.database import query

from ..support.dashboard import PASSWORD, Visitor, give_password, make_user

pytestmark = pytest.mark.usefixtures("cheap_passwords")
EMAIL, HOME = "grace@example.com", "198.51.100.7"


@pytest.fixture
def grace(app):
    return give_password(app, make_user(app, email=EMAIL))


def guess(address: str, email: str = EMAIL) -> None:
    with pytest.raises(InvalidCredentials):
        sign_in.sign_in(email, "wrong", address)


def wait_of(address: str, password: str = PASSWORD) -> int:
    """Seconds that an attempt is told to wait."""
    with pytest.raises(RateLimited) as refused:
        sign_in.sign_in(EMAIL, password, address)
    return refused.value.retry_after


def guess_from_everywhere(count: int) -> None:
    for number in range(count):
        guess(f"203.0.113.{number}")


def test_an_account_under_attack_makes_strangers_wait_and_lets_its_user_in(context, grace, clock):
    sign_in.sign_in(EMAIL, PASSWORD, HOME)
    guess_from_everywhere(10)
    assert wait_of("203.0.113.200") == 2
    assert sign_in.sign_in(EMAIL, PASSWORD, HOME) == grace
    assert wait_of("203.0.113.200") == 2, "what its user does makes it no easier to guess"


def test_the_wait_doubles_up_to_fifteen_minutes_and_refusals_make_it_no_longer(context, grace, clock):
    guess_from_everywhere(10)
    waits = []
    for number in range(12):
        for _ in range(3):
            waits.append(wait_of("203.0.113.200"))
        clock.advance(waits[-1])
        guess(f"192.0.2.{number}")
    assert waits[::3] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] and waits[::3] == waits[2::3]
    clock.advance(900)
    assert sign_in.sign_in(EMAIL, PASSWORD, "203.0.113.200") == grace, "the right password, once the wait is over"


def test_another_account_is_not_slowed_down(app, context, grace, clock):
    other = give_password(app, make_user(app, email="ann@example.com"))
    guess_from_everywhere(10)
    assert sign_in.sign_in("ann@example.com", PASSWORD, "203.0.113.1") == other


def test_a_known_place_is_throttled_for_its_own_guesses(context, grace, clock):
    sign_in.sign_in(EMAIL, PASSWORD, HOME)
    for _ in range(5):
        guess(HOME)
    assert wait_of(HOME) == 15 * 60


def test_a_place_that_guesses_at_many_accounts_is_refused(context, grace, clock):
    for number in range(throttle.OF_PLACE):
        guess(HOME, f"user{number}@example.com")
    assert wait_of(HOME) == 15 * 60


def test_an_ipv6_customer_has_one_place_whatever_the_rest_of_the_address(context, grace, clock):
    for number in range(5):
        guess(f"2001:db8:1:2::{number:x}")
    assert wait_of("2001:db8:1:2:ffff::1") == 15 * 60
    assert sign_in.sign_in(EMAIL, PASSWORD, "2001:db8:1:3::1") == grace


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:" + "x" * 100, "unix:" + "x" * 59),
    ],
)
def test_places(address, place):
    assert places.place_of(address) == place


def test_twenty_places_are_known_of_a_user_the_latest_ones(context, grace, clock):
    for number in range(25):
        clock.advance(1)
        sign_in.sign_in(EMAIL, PASSWORD, f"192.0.2.{number}")
    known = {row[0] for row in query("SELECT address FROM known_addresses")}
    assert known == {f"192.0.2.{number}" for number in range(5, 25)}


def test_guesses_that_come_at_once_count_as_those_one_after_the_other(app, grace):
    def try_one(_number: int) -> str:
        with app.app_context():
            try:
                sign_in.sign_in(EMAIL, "wrong", HOME)
            except (InvalidCredentials, RateLimited) as error:
                return type(error).__name__
            finally:
                app.extensions["wesend.database"].close_thread()
        return "in"

    with ThreadPoolExecutor(16) as pool:
        became = list(pool.map(try_one, range(32)))
    assert sorted(became) == ["InvalidCredentials"] * 5 + ["RateLimited"] * 27


def test_the_present_password_cannot_be_guessed_on_the_page_that_changes_it(app, grace, clock, context):
    visitor = Visitor(app, grace)
    for _ in range(5):
        assert "not the present password" in visitor.post("/password", old="wrong", password="a new passphrase").text
    refused = visitor.post("/password", old=PASSWORD, password="a new passphrase")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) == 15 * 60
    assert "Too many attempts. Try again in 15 minutes." in refused.text
    clock.advance(15 * 60)
    assert visitor.post("/password", old=PASSWORD, password="a new passphrase").status_code == 303


def test_a_new_password_that_will_not_do_is_no_guess(app, grace, context):
    visitor = Visitor(app, grace)
    for _ in range(7):
        assert "10 to 200" in visitor.post("/password", old=PASSWORD, password="short").text
    assert query("SELECT count(*) FROM sign_in_attempts")[0][0] == 0


def test_no_answer_tells_whether_there_is_a_user(app, grace, context):
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        visitor = Visitor(app)
        visitor.get("/sign-in")
        found = [visitor.post("/sign-in", email=email, password="wrong") for _ in range(6)]
        answers.append(
            [(answer.status_code, answer.headers.get("Retry-After"), answer.text.count("notice bad")) for answer in found]
        )
    assert answers[0] == answers[1] and answers[0][-1][0] == 429
