"""What was written by a clock that was set since: found by how far it moved, and without having seen that by its length."""

from __future__ import annotations

import pytest

from wesend import sweeps
from wesend.binds import deliveries
from wesend.core.clock import DAY, HOUR, MINUTE, SECOND
from wesend.database import query, write
from wesend.database.schema import db
from wesend.operations import clock_changes
from wesend.operations.clock_changes import Watch, end_waits, follow

from ..support import verify
from ..support.accounts import mint
from ..support.esms import Esms

NOW = 1_781_092_800_000  # where the clock of these tests stands
LONG = NOW + DAY
WAITING = {
    "message": "UPDATE messages SET poll_at = ?",
    "mail or message to be tried again": "UPDATE messages SET status = 'queued', backoffs = 1, due_at = ?",
    "message that is queued": "UPDATE messages SET status = 'queued', due_at = ?",
}


@pytest.fixture
def message(context, clock, wesendall):
    # The months of the sandbox's numbers were written by the clock of whoever made the database.
    write(lambda tx: tx.execute("UPDATE two_way_services SET bill_at = NULL"))
    assert wesendall.send("+256772345678").status_code == 200


def set_to(sql: str, moment: int) -> None:
    assert write(lambda tx: tx.changed(sql, (moment,))) == 1


def moments(column: str) -> list[int]:
    return [row[0] for row in query(f"SELECT {column} FROM messages")]


def test_what_is_ended_is_a_moment():
    """No state is changed here: that is the business of the packages that the tables are of."""
    assert {wait.column for wait in clock_changes.WAITS} == {"due_at", "poll_at", "lease_until", "expires_at", "bill_at"}


@pytest.mark.parametrize("name", WAITING)
def test_a_wait_that_is_longer_than_it_can_have_been_meant_ends(message, name):
    set_to(WAITING[name], LONG)
    assert end_waits(set_back=False) == 1
    assert NOW in (*moments("due_at"), *moments("poll_at"))
    assert end_waits(set_back=False) == 0


@pytest.mark.parametrize(("set_back", "then"), ((False, NOW + MINUTE), (True, NOW)))
def test_a_wait_that_may_be_meant_ends_only_when_the_clock_was_set_back(message, set_back, then):
    set_to(WAITING["message"], NOW + MINUTE)
    end_waits(set_back=set_back)
    assert moments("poll_at") == [then]


def test_a_lease_is_cut_to_its_length_so_that_nobodys_work_is_taken_away(message):
    set_to("UPDATE messages SET status = 'submitting', lease_until = ?", LONG)
    end_waits(set_back=True)
    assert moments("lease_until") == [NOW + 30 * SECOND]


KEYWORD = "UPDATE two_way_services SET status = 'active', past_due_since = NULL, bill_at = ? WHERE keyword = 'JOIN'"
UNPAID = "UPDATE two_way_services SET status = 'past_due', past_due_since = {0}, bill_at = ? WHERE keyword = 'JOIN'"


def billed() -> tuple:
    return tuple(query("SELECT status, bill_at, months FROM two_way_services WHERE keyword = 'JOIN'")[0])


@pytest.mark.parametrize("set_back", (False, True))
@pytest.mark.parametrize(("sql", "longest"), ((KEYWORD, 30 * DAY), (UNPAID.format(NOW), DAY)), ids=("paid", "past due"))
def test_a_month_is_tried_to_be_paid_no_later_for_a_clock_that_stood_ahead_and_none_that_is_paid_is_cut(
    context, clock, sql, longest, set_back
):
    for at, then in ((NOW + longest + 2 * DAY, NOW + longest), (NOW + longest - MINUTE, NOW + longest - MINUTE)):
        set_to(sql, at)
        end_waits(set_back=set_back)
        assert billed()[1] == then


def test_what_people_scheduled_for_a_moment_stays_there(message):
    set_to("UPDATE messages SET status = 'scheduled', poll_at = NULL, due_at = ?", LONG)
    end_waits(set_back=True)
    assert moments("due_at") == [LONG]


def test_deposits_given_up_by_a_clock_that_stood_ahead_are_asked_for(context, clock, wesendall):
    wesendall.post("/account/topup", {"walletId": "wal_sandbox_wesendall", "amount": 500, "phone": "0772345678"})
    set_to("UPDATE deposits SET status = 'expired', poll_at = NULL, polls = 9, updated_at = ?", LONG)
    clock_changes.ask_for_the_expired()
    assert [tuple(row) for row in query("SELECT poll_at, polls FROM deposits")] == [(NOW, 0)]


def test_a_successor_knows_how_far_the_clock_was_set_before_it(instance, clock):
    assert Watch(instance).step_ms() is None
    clock.advance(-3600)
    assert Watch(instance).step_ms() == pytest.approx(-HOUR, abs=200)
    assert Watch(instance).step_ms() == 0


def test_what_another_boot_wrote_says_nothing(instance, clock, monkeypatch):
    Watch(instance).step_ms()
    monkeypatch.setattr(clock_changes, "_boot", lambda: "another")
    clock.advance(-3600)
    assert Watch(instance).step_ms() is None


def test_a_clock_that_is_slewed_is_not_set(context, instance, clock):
    watch = Watch(instance)
    watch.step_ms()
    for _ in range(20):
        clock.advance(-0.4)
        assert watch.step_ms() == 0
    assert Watch(instance).step_ms() == 0


def test_the_first_look_of_all_looks_for_long_waits(message, context):
    set_to(WAITING["message"], LONG)
    follow(context)
    assert moments("poll_at") == [NOW]


def test_what_an_smpp_client_is_owed_does_not_wait_until_a_clock_that_was_set_back_catches_up(app, context, clock):
    key = mint(app, "smpp").key_id
    follow(context)
    clock.advance(24 * 3600)
    follow(context)
    write(lambda tx: deliveries.enqueue(tx, [deliveries.New(key, deliveries.RECEIPT, b"", b"", NOW + DAY)]))
    clock.advance(-24 * 3600)
    follow(context)
    assert query("SELECT due_at FROM smpp_deliveries")[0][0] <= NOW + SECOND


# -- what lasts so many hours --------------------------------------------------------


def lasts(clock, context, hours: float) -> None:
    """So many hours pass: a clock that nobody sets goes on with them."""
    watch = clock_changes._watch(context)
    clock.advance(hours * 3600)
    watch.offset = watch.stored = clock_changes._offset_ms()


@pytest.fixture
def silent(context, clock, wesendall):
    follow(context)
    assert wesendall.send("+256700000055").status_code == 200
    assert moments("expires_at") == [NOW + 48 * HOUR]


def statuses() -> list[str]:
    return [row[0] for row in query("SELECT status FROM messages")]


@pytest.mark.parametrize("hours", (1, 24, 24 * 400))
def test_a_validity_is_not_over_because_the_clock_was_set_ahead(silent, context, clock, hours):
    lasts(clock, context, 47.5)
    clock.advance(hours * 3600)
    sweeps.expire(context)  # it is not looked at before the step was seen
    follow(context)
    sweeps.expire(context)
    assert statuses() == ["submitted"]
    lasts(clock, context, 0.6)
    sweeps.expire(context)
    assert statuses() == ["failed"]


def test_a_validity_that_was_over_before_is_over(silent, context, clock):
    lasts(clock, context, 48.1)
    clock.advance(3600)
    follow(context)
    sweeps.expire(context)
    assert statuses() == ["failed"]


def test_a_queued_message_is_as_long_worth_sending_whatever_the_clock_does(message, context, clock):
    follow(context)
    set_to("UPDATE messages SET status = 'queued', lane = 1, poll_at = NULL, valid_until = ?", NOW + 5 * MINUTE)
    clock.advance(3600)
    sweeps.expire(context)
    follow(context)
    sweeps.expire(context)
    assert statuses() == ["queued"]
    lasts(clock, context, 0.1)
    sweeps.expire(context)
    assert statuses() == ["failed"]


@pytest.mark.parametrize("hours", (-1, 1))
def test_what_drips_is_as_long_worth_sending_from_its_moment_on(context, clock, hours, client):
    follow(context)
    api = Esms(client)
    uploaded = api.upload("phone\n+256772345671\n+256772345672\n+256772345673\n").json
    sent = api.bulk(uploaded["id"], schedule_mode="drip", drip_rate=1, valid_for=300)
    assert sent.status_code == 200, sent.json
    follow(context)
    clock.advance(hours * 3600)
    follow(context)
    sweeps.expire(context)
    left = query("SELECT status, valid_until - due_at FROM messages ORDER BY id")[1:]
    assert [tuple(row) for row in left] == [("dripping", 5 * MINUTE)] * 2


def test_a_verification_is_not_over_because_the_clock_was_set_ahead(context, clock, client):
    follow(context)
    api = Esms(client)
    code = verify.started(api)["verification_id"]
    clock.advance(3600)
    sweeps.end_verifications(context)
    follow(context)
    sweeps.end_verifications(context)
    assert verify.shown(api, code)["status"] == "pending"
    lasts(clock, context, 0.2)
    sweeps.end_verifications(context)
    assert verify.shown(api, code)["status"] == "expired"


def test_an_idempotency_key_lasts_its_day(context, clock, wesendall):
    follow(context)
    key = {"Idempotency-Key": "once"}
    body = {"walletId": wesendall.wallet, "message": "Hello", "recipient": "+256772345678"}
    first = wesendall.post("/sms/send", body, headers=key)
    clock.advance(25 * 3600)
    follow(context)
    sweeps.housekeeping(context)
    again = wesendall.post("/sms/send", body, headers=key)
    assert again.json == first.json and again.headers["Idempotency-Replayed"] == "true"
    lasts(clock, context, 24.1)
    assert "Idempotency-Replayed" not in wesendall.post("/sms/send", body, headers=key).headers


def test_a_deposit_may_be_paid_for_its_day(context, clock, wesendall):
    follow(context)
    wesendall.post("/account/topup", {"walletId": "wal_sandbox_wesendall", "amount": 500, "phone": "0772345678"})
    (before,) = query("SELECT expires_at FROM deposits")[0]
    clock.advance(25 * 3600)
    follow(context)
    assert query("SELECT expires_at FROM deposits")[0][0] == pytest.approx(before + 25 * HOUR, abs=2000)


def test_no_month_is_charged_because_the_clock_was_set_ahead(context, clock):
    set_to(KEYWORD, NOW + 2 * DAY)
    follow(context)
    (_, _, months) = billed()
    clock.advance(3 * 24 * 3600)
    sweeps.bill_services(context)  # it is not looked at before the step was seen
    follow(context)
    sweeps.bill_services(context)
    assert billed() == ("active", pytest.approx(NOW + 5 * DAY, abs=2000), months)
    lasts(clock, context, 49)
    sweeps.bill_services(context)
    assert billed()[2] == months + 1


def test_a_service_is_not_suspended_because_the_clock_was_set_ahead(context, clock):
    follow(context)
    lasts(clock, context, 1)
    set_to(UNPAID.format(NOW), NOW + 2 * HOUR)
    clock.advance(8 * 24 * 3600)
    follow(context)
    assert query("SELECT past_due_since FROM two_way_services WHERE keyword = 'JOIN'")[0][0] == pytest.approx(
        NOW + 8 * DAY, abs=2000
    )


def test_thousands_are_prolonged(silent, context, clock):
    names = [column.name for column in db.metadata.tables["messages"].columns if column.name != "id"]
    values = ["'m' || number" if name == "uid" else name for name in names]
    copied = f"""
        INSERT INTO messages ({", ".join(names)})
        WITH RECURSIVE copies(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM copies WHERE number < {2 * clock_changes.CHUNK})
        SELECT {", ".join(values)} FROM messages CROSS JOIN copies WHERE messages.id = 1
    """
    write(lambda tx: tx.run(copied))  # all at once: the clock stands still for as long as this takes
    assert query("SELECT count(*) FROM messages")[0][0] == 2 * clock_changes.CHUNK + 2
    clock.advance(49 * 3600)
    follow(context)
    assert min(moments("expires_at")) == pytest.approx(NOW + 97 * HOUR, abs=2000)
