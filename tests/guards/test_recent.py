"""How much one number, and numbers alike, are sent in a while: each dialect's refusal, windows that roll, and who is told."""

from __future__ import annotations

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import windows
from wesend.accounts.service import get_account
from wesend.accounts.windows import Window
from wesend.adapters.sms.base import REFUSED, Outcome
from wesend.core.errors import InvalidInput
from wesend.database import query, write
from wesend.gateways import registry
from wesend.guards import recent
from wesend.messages.state.outgoing import IN_REQUEST_LIMIT

from ..support.accounts import Minted, mint, wesendall_of
from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.database import batches, written
from ..support.domain import ScriptedGateway, make_route
from ..support.esms import Esms, data_of, esms_of, new_list
from ..support.esms import refused as is_refused
from ..support.jobs import ManualJobs

ONE, OTHER, ALIKE = "+256712345678", "+256772345678", "+2567123456{:02d}"
KENYAN = "+2547123456{:02d}"
TO_ONE = "This recipient has had as many messages as it may for now"
TO_MANY = "Too many messages to numbers that begin alike: nothing more is sent there for now"


@pytest.fixture
def account(app) -> int:
    with app.app_context():
        return query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]


@pytest.fixture
def carried(app, monkeypatch) -> None:
    """Live sends leave by a gateway that takes them all."""
    with app.app_context():
        known = {**registry.sms_gateways(), "carrier": ScriptedGateway("carrier")}
        make_route("UG", "carrier")
        make_route("KE", "carrier", country="KE", price="1", currency="KES")
    monkeypatch.setattr(registry, "sms_gateways", lambda *_: known)


@pytest.fixture
def shop(app, command, carried):
    """Makes a live customer of an API whose account has a recipient limit."""

    def make(api: str, limit: str = "2/10m", **options) -> Minted:
        minted = mint(app, api, is_sandbox=False, **options)
        command("account", "set", minted.account_id, "--recipient-limit", limit)
        return minted

    return make


def test_wesendall_to_one_number(app, shop, clock):
    api = wesendall_of(app, shop("wesendall", "2/10m,3/1h"))
    assert [api.send(ONE).status_code for _ in range(2)] == [200, 200]
    before = written(app)
    answer = api.send(ONE)
    assert (answer.status_code, answer.json) == (429, {"success": False, "error": "recipient_limit", "message": TO_ONE})
    assert answer.headers["Retry-After"] == "600" and written(app) == before
    mixed = api.send(["0772345678", ONE]).json["data"]
    assert [(result["recipient"], result["status"], result["error"]) for result in mixed["results"]] == [
        (OTHER, "sent", None),
        (ONE, "failed", "recipient_limit"),
    ]
    assert (mixed["successful"], mixed["failed"], mixed["results"][1]["cost"]) == (1, 1, 0)
    clock.advance(599)
    assert api.send(ONE).headers["Retry-After"] == "1"
    clock.advance(1)
    assert api.send(ONE).status_code == 200
    assert (api.send(ONE).status_code, api.send(ONE).headers["Retry-After"]) == (429, "3000"), "the third within the hour"
    clock.advance(3000)
    assert api.send(ONE).status_code == 200


def test_wasambazie_to_one_number(app, shop, command):
    minted = shop("wasambazie", currency="SMS")
    command("sender", "add", "--account", minted.account_id, "--name", "MYBRAND", "--countries", "UG", "--approve")
    api = Wasambazie(app.test_client(), minted.credentials.public, minted.credentials.secret)
    assert [api.send(ONE).status_code for _ in range(2)] == [201, 201]
    answer = api.send(ONE)
    assert (answer.status_code, answer.json, answer.headers["Retry-After"]) == (429, {"detail": TO_ONE}, "600")
    before = written(app)
    assert api.send(f"{OTHER},{ONE}").status_code == 429, "its answer has no place for who is left out"
    many = ",".join(f"+256771{number:06}" for number in range(1, IN_REQUEST_LIMIT + 2))
    assert api.send(f"{many},{ONE}").status_code == 429
    assert written(app) == before and [api.send(OTHER).status_code for _ in range(3)] == [201, 201, 429]


def test_esms_to_one_number_but_not_in_bulks(app, shop):
    api = esms_of(app, shop("esms"))
    assert [api.send(ONE).status_code for _ in range(2)] == [200, 200]
    answer = api.send(ONE)
    assert is_refused(answer, 429, "recipient_limit") and answer.json["detail"]["message"] == TO_ONE
    assert is_refused(api.post("/verify/start", {"to": ONE}), 429, "recipient_limit"), "a code is a message"
    assert data_of(api.bulk(new_list(api, ONE)))["total_recipients"] == 1
    assert api.send(OTHER).status_code == 200


def test_a_retry_by_hand_is_one_more_message_to_its_number(app, shop, clock):
    api = esms_of(app, shop("esms"))
    registry.sms_gateways()["carrier"].outcomes.extend([Outcome(REFUSED, code="no")] * 2)
    failed = [data_of(api.send(ONE))["id"] for _ in range(2)]
    before = written(app)
    answer = api.post(f"/messages/{failed[0]}/retry")
    assert is_refused(answer, 429, "recipient_limit") and answer.headers["Retry-After"] == "600" and written(app) == before
    clock.advance(600)
    assert api.post(f"/messages/{failed[0]}/retry").status_code == 200
    assert api.send(ONE).status_code == 200
    assert is_refused(api.send(ONE), 429, "recipient_limit"), "the retry counts"


def test_a_retry_by_hand_is_bounded_as_a_burst_is_but_not_that_of_a_campaign(app, command, account):
    api, jobs = Esms(app.test_client()), ManualJobs(app)
    single = data_of(api.send("+256770000077"))["id"]
    made = data_of(api.bulk(new_list(api, "+256770000077")))
    jobs.dispatch()
    (of_campaign,) = [one["id"] for one in data_of(api.get("/messages", query_string={"batch_id": made["batch_id"]}))["messages"]]
    command("account", "set", account, "--burst-limit", "1/1h")
    assert api.send("+256770000012").status_code == 200
    assert is_refused(api.post(f"/messages/{single}/retry"), 429, "burst_limit")
    assert api.post(f"/messages/{of_campaign}/retry").status_code == 200


def test_world_ledgers_to_one_number(app, shop):
    api = WorldLedgers(app.test_client(), shop("worldledgers", country="KE", currency="SMS").credentials.secret)
    one, other = KENYAN.format(1), KENYAN.format(2)
    assert [api.sms(one).status_code for _ in range(2)] == [202, 202]
    answer = api.sms(one)
    assert (answer.status_code, answer.json) == (429, {"status": "error", "message": TO_ONE})
    told = api.sms(one, other).json["data"]
    assert (told["scheduled"], told["skipped"]) == (1, [{"recipient": one, "reason": "recipient_limit"}])


def test_the_sandbox_counts_nobodys_messages_to_one_number(app, command, account):
    command("account", "set", account, "--recipient-limit", "1/1h")
    api = Wesendall(app.test_client())
    assert [api.send(ONE).status_code for _ in range(3)] == [200, 200, 200]


def test_each_dialect_beyond_a_burst(app, command, account):
    command("account", "set", account, "--burst-limit", "2/1h")
    wesendall, esms = Wesendall(app.test_client()), Esms(app.test_client())
    assert [wesendall.send(ALIKE.format(n)).status_code for n in range(2)] == [200, 200]
    answer = wesendall.send(ALIKE.format(3))
    assert (answer.status_code, answer.json["error"], answer.json["message"]) == (429, "burst_limit", TO_MANY)
    assert 3590 <= int(answer.headers["Retry-After"]) <= 3600
    assert is_refused(esms.send(ALIKE.format(4)), 429, "burst_limit")
    answer = Wasambazie(app.test_client()).send(ALIKE.format(5))
    assert (answer.status_code, answer.json) == (429, {"detail": TO_MANY})
    mixed = wesendall.send([ALIKE.format(3), OTHER]).json["data"]["results"]
    assert [(result["status"], result["error"]) for result in mixed] == [("failed", "burst_limit"), (mixed[1]["status"], None)]
    assert data_of(esms.bulk(new_list(esms, *(ALIKE.format(n) for n in range(5)))))["total_recipients"] == 5, "a campaign"
    ledgers = WorldLedgers(app.test_client())
    told = ledgers.sms(*(KENYAN.format(n) for n in range(4))).json["data"]
    assert told["scheduled"] == 2, "those of one call count one after the other"
    assert told["skipped"] == [{"recipient": KENYAN.format(n), "reason": "burst_limit"} for n in (2, 3)]
    assert ledgers.sms(KENYAN.format(9)).status_code == 429


def test_a_send_of_more_than_a_request_carries_is_bounded_alike(app, command, account):
    command("account", "set", account, "--burst-limit", "100/1h")
    api = Wesendall(app.test_client())
    told = api.send([ALIKE.format(n) for n in range(60)] + [f"+2567723{n:05d}" for n in range(90)]).json["data"]
    assert (told["successful"], told["failed"]) == (150, 0)
    told = api.send([f"+25671234{n:04d}" for n in range(2000, 2110)] + ["+256701234567"]).json["data"]
    assert (told["successful"], told["failed"]) == (41, 70)
    with app.app_context():
        kept = query("SELECT count(*) FROM recent_sends")[0][0]
    assert api.send([f"+25675234{n:04d}" for n in range(150)]).status_code in (200, 402)
    command("account", "set", account, "--daily-limit", "0.01")
    before = written(app)
    assert api.send([f"+25676234{n:04d}" for n in range(150)]).status_code == 429
    assert written(app)["recent_sends"] == before["recent_sends"] and kept, "what was refused is not counted"


def test_the_operator_is_told_once_an_hour(app_with, clock):
    app = app_with(WESEND_ALERT_MAIL="ops@example.com")

    def command(*words) -> dict:
        result = app.test_cli_runner().invoke(args=[*map(str, words), "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    from wesend.operations import burst_alerts

    with app.app_context():
        account = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]
    for events in ((), ("--events", "account.burst_limit")):
        command("webhook", "add", "--account", account, "--format", "wesendall", "--url", "https://example.com/hook", *events)
    command("account", "set", account, "--burst-limit", "1/1d")
    api = Wesendall(app.test_client())

    def told() -> tuple[list[dict], int]:
        with app.app_context():
            burst_alerts.tell()
            burst_alerts.tell()
            payloads = query("SELECT payload FROM webhook_deliveries WHERE event = 'account.burst_limit' ORDER BY id")
            mails = query("SELECT count(*) FROM caught_mails WHERE recipient = 'ops@example.com'")[0][0]
        return [json.loads(row[0]) for row in payloads], mails

    assert [api.send(ALIKE.format(n)).status_code for n in range(4)] == [200, 429, 429, 429]
    payloads, mails = told()
    assert mails == 1 and [(told["event"], told["account_id"], told["prefix"]) for told in payloads] == [
        ("account.burst_limit", account, "+25671234")
    ]
    clock.advance(3599)
    assert api.send(ALIKE.format(5)).status_code == 429 and (len(told()[0]), told()[1]) == (1, 1)
    clock.advance(2)
    assert api.send(ALIKE.format(5)).status_code == 429 and (len(told()[0]), told()[1]) == (2, 2)


def test_what_counts_no_more_is_removed(app, command, account, clock):
    command("account", "set", account, "--burst-limit", "5/1m")
    api = Wesendall(app.test_client())
    assert [api.send(ALIKE.format(n)).status_code for n in range(3)] == [200] * 3
    clock.advance(59)
    with app.app_context():
        assert recent.forget_old() == (0, None)
        clock.advance(1)
        assert recent.forget_old() == (3, None) and query("SELECT count(*) FROM recent_sends")[0][0] == 0
    assert batches(app) == 3


def test_it_is_looked_for_a_part_at_a_time(app, command, account, clock):
    command("account", "set", account, "--burst-limit", "50/1m")
    api = Wesendall(app.test_client())
    numbers = ["+256712340000", "+256713340000", "+256714340000"]
    assert [api.send(number).status_code for number in numbers * 4] == [200] * 12
    clock.advance(30)
    assert [api.send(number).status_code for number in numbers] == [200] * 3
    clock.advance(30)
    with app.app_context():
        removed, after = [], recent.BEGIN
        while after is not None:
            found, after = recent.forget_old(after, part=4)
            removed.append(found)
        assert sum(removed) == 12 and len(removed) == 4, "fifteen rows, four at a time"
        assert [row[0] for row in query("SELECT seq FROM recent_sends")] == [5, 5, 5]
        clock.advance(30)
        rounds = recent.Rounds()
        rounds.go_on()
        assert query("SELECT count(*) FROM recent_sends")[0][0] == 0 and rounds.after is None
    assert api.send(numbers[0]).status_code == 200, "and counting goes on"
    with app.app_context():
        clock.advance(90)
        rounds.go_on()
        assert query("SELECT count(*) FROM recent_sends")[0][0] == 1, "it rests before the next round"


@given(st.lists(st.integers(0, 40), max_size=60))
def test_windows_roll_as_if_every_moment_were_kept(gaps):
    """Against a model that keeps all of them."""
    rules = (Window(3, 20, "20s"), Window(5, 60, "60s"))
    model: deque[int] = deque()
    kept: dict[tuple[int, int], int] = {}

    class Memory:
        """The one statement of a look, on a dictionary."""

        def one(self, _sql, parameters):
            *pairs, mark = parameters
            head = max((seq for found, seq in kept if found == mark), default=0)
            return (head, *(kept.get((mark, head + 1 - back)) for back in pairs[1::2]))

    watch = recent.Watch(1, "live", recent._rules(rules, ()), b"key")
    marks = watch.marks(["+256712345678"])
    now = 1000
    for gap in gaps:
        now += gap
        refused, notes = watch.look(Memory(), marks, now)
        allowed = all(sum(at > now - rule.ms for at in model) < rule.most for rule in rules)
        assert bool(refused) != allowed
        if allowed:
            model.append(now)
            for mark, seq, at, _ in notes:
                kept[mark, seq] = at
        else:
            later = now + refused[0].wait_ms
            assert all(sum(at > later - rule.ms for at in model) < rule.most for rule in rules)


def test_no_number_is_kept(app, command, account):
    command("account", "set", account, "--burst-limit", "5/1m")
    assert Wesendall(app.test_client()).send(ONE).status_code == 200
    with app.app_context():
        marks = [row[0] for row in query("SELECT mark FROM recent_sends")]
        watch = recent.watch(get_account(account), is_sandbox=True)
        assert watch is not None
        write(lambda tx: recent.note(tx, watch.look(tx, watch.marks([OTHER]), 1)[1]))
    assert len(marks) == 1 and not any(str(mark) in ONE or ONE[1:9] in str(mark) for mark in marks)


@pytest.mark.parametrize("text", ["5", "5/10", "0/10m", "5/0m", "5/10w", "5/10m;", "5/32d", "1/1m,1/2m,1/3m,1/4m,1/5m", "-1/1m"])
def test_what_is_no_limit_is_refused(command, account, text):
    for option in ("--recipient-limit", "--burst-limit"):
        with pytest.raises(InvalidInput):
            command("account", "set", account, option, text)


def test_limits_are_shown_as_they_were_set(command, account):
    shown = command("account", "set", account, "--recipient-limit", "5/10m, 20/24H", "--burst-limit", "200/1h")
    assert (shown["recipient_limit"], shown["burst_limit"]) == ("5/10m,20/24h", "200/1h")
    shown = command("account", "set", account, "--recipient-limit", "none")
    assert (
        (shown["recipient_limit"], shown["burst_limit"])
        == (None, "200/1h")
        == (command("account", "show", account)["recipient_limit"], command("account", "show", account)["burst_limit"])
    )


@given(st.text())
def test_whatever_is_typed_are_windows_or_not(text):
    try:
        found = windows.parse(text, "limit")
    except InvalidInput:
        return
    assert windows.read(windows.shown(found)) == found
