"""The breaker: five failures in a row and a gateway rests, longer each time, until it shows that it works."""

from __future__ import annotations

import pytest

from tests.support.accounts import mint
from tests.support.domain import NUMBERS, make_route, make_wallet, message, send
from tests.support.gateways import set_up
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome
from wesend.database import write
from wesend.gateways import breaker
from wesend.operations import doctor

from ..support.domain_fixtures import carrier, upstreams  # noqa: F401
from ..support.published import CREDENTIALS


def fail(times: int = 1, gateway: str = "g") -> None:
    for _ in range(times):
        write(lambda tx: breaker.note(tx, gateway, failed=1, went_well=False, error="down"))


def succeed(gateway: str = "g") -> None:
    write(lambda tx: breaker.note(tx, gateway, failed=0, went_well=True, error=None))


def rest_after_a_failure(clock) -> int:
    """Seconds that it rests after one more failure."""
    fail()
    seconds = 0
    while breaker.rests("g"):
        clock.advance(1)
        seconds += 1
    return seconds


def test_it_rests_after_five_failures_in_a_row(clock):
    fail(4)
    assert not breaker.rests("g") and breaker.problem_of("g") is None
    fail()
    assert breaker.rests("g") and breaker.resting() == {"g"} and not breaker.rests("other")
    assert "failed 5 times in a row" in breaker.problem_of("g") and "down" in breaker.problem_of("g")


def test_something_sound_in_between_ends_the_series(clock):
    fail(4)
    succeed()
    fail(4)
    assert not breaker.rests("g")


def test_its_rests_grow_up_to_a_minute(clock):
    fail(4)
    assert [rest_after_a_failure(clock) for _ in range(6)] == [5, 10, 20, 40, 60, 60]


def test_calls_that_were_under_way_when_it_began_to_rest_do_not_lengthen_the_rest(clock):
    fail(16)
    clock.advance(5)
    assert not breaker.rests("g")
    assert rest_after_a_failure(clock) == 10


def test_after_its_rest_it_is_on_trial_until_something_goes_well(clock):
    fail(5)
    clock.advance(5)
    assert not breaker.rests("g") and breaker.is_on_trial("g") and breaker.on_trial() == {"g"}
    succeed()
    assert not breaker.is_on_trial("g") and breaker.problem_of("g") is None
    fail(4)
    assert not breaker.rests("g"), "it begins from the start"


def test_a_clock_that_is_set_back_does_not_make_it_rest_for_hours(clock):
    fail(5)
    clock.advance(-7200)
    assert not breaker.rests("g")
    fail()
    assert breaker.rests("g")


def test_setting_it_anew_forgets(clock):
    fail(5)
    write(lambda tx: breaker.forget(tx, "g"))
    assert not breaker.rests("g") and not breaker.is_on_trial("g")


@pytest.mark.parametrize(
    "outcome, rests",
    [
        (Outcome(TEMPORARY, code="429"), True),
        (Outcome(UNKNOWN, text="no answer"), True),
        (Outcome(REFUSED, code="403", text="InvalidPhoneNumber"), False),
        (Outcome(ACCEPTED, "v-1"), False),
    ],
)
def test_a_throttled_or_silent_gateway_rests_and_one_that_refuses_messages_does_not(carrier, outcome, rests):  # noqa: F811
    carrier.outcomes.extend([outcome] * 5)
    wallet = make_wallet("100000")
    for number in range(5):
        send(wallet, NUMBERS[number], in_request=True)
    assert len(carrier.submitted) == 5 and breaker.rests("carrier") is rests


def test_one_call_is_one_failure_however_many_messages_it_carried(carrier):  # noqa: F811
    carrier.batch = 100
    carrier.outcomes.extend([Outcome(UNKNOWN)] * 50)
    send(make_wallet("100000"), *NUMBERS[:50], in_request=True)
    assert not breaker.rests("carrier")


def test_a_call_that_brought_anything_sound_is_none(carrier):  # noqa: F811
    fail(4, "carrier")
    carrier.batch = 100
    carrier.outcomes.extend([Outcome(UNKNOWN), Outcome(REFUSED, code="403")])
    send(make_wallet("100000"), *NUMBERS[:2], in_request=True)
    fail(4, "carrier")
    assert not breaker.rests("carrier")


def test_it_is_seen_in_the_routes_health_of_live_keys_and_by_the_doctor(app, client, clock):
    set_up("africastalking", name="at")
    make_route("ESMS_UG", "at")
    live = mint(app, "esms", is_sandbox=False).credentials.secret

    def health(key: str) -> str:
        routes = client.get("/api/routes/health", headers={"Authorization": f"Bearer {key}"}).json
        return next(route["status"] for route in routes if route["code"] == "ESMS_UG")

    def seen() -> tuple[str, list[str]]:
        assert health(CREDENTIALS["esms"].secret) == "ok"  # what the sandbox sends never goes by it
        return (health(live), [finding.state for finding in doctor.examine() if finding.check.startswith("Gateway")])

    assert seen() == ("ok", ["ok"])
    fail(5, "at")
    assert seen() == ("down", ["warning"])
    succeed("at")
    assert seen() == ("ok", ["ok"])


def test_no_request_waits_for_a_gateway_that_rests_or_is_on_trial(carrier, clock):  # noqa: F811
    fail(5, "carrier")
    wallet = make_wallet("100000")
    resting = send(wallet, in_request=True)
    clock.advance(5)
    on_trial = send(wallet, NUMBERS[1], in_request=True)
    assert carrier.submitted == []
    assert [message(sent.messages[0]["id"])["status"] for sent in (resting, on_trial)] == ["queued", "queued"]
