"""The database breaks off, stands still, starts anew: nothing acknowledged is lost, nothing is done twice, nobody waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

import pytest

from wesend.core.errors import DatabaseUnavailable
from wesend.database import atomic, query, write
from wesend.operations.audit import audit
from wesend.web.logs import OncePerMinute

from ...support import postgresql
from ...support.apis import Wasambazie, Wesendall, WorldLedgers
from ...support.esms import Esms

PHONE = "0712345678"


def attempts() -> list[int]:
    return [row[0] for row in query("SELECT at FROM sign_in_attempts ORDER BY at")]


def note(at: int):
    return lambda tx: tx.insert("sign_in_attempts", email="a", address="b", at=at)


def test_a_commit_that_was_cut_off_before_the_server_had_it_is_done_again_and_once(context, proxy):
    for round_ in range(15):
        proxy.cut = "before"
        assert write(note(round_)) > 0
    assert proxy.cuts == 15
    assert attempts() == list(range(15))


def test_what_can_not_be_done_again_is_unavailable_when_its_commit_was_cut_off_and_nothing_of_it_was_done(context, proxy):
    for round_ in range(15):
        proxy.cut = "before"
        with pytest.raises(DatabaseUnavailable), atomic() as tx:
            note(100 + round_)(tx)
        write(note(round_))
    assert proxy.cuts == 15
    assert attempts() == list(range(15))


def test_a_commit_that_the_server_had_is_done_though_nobody_answered(context, proxy):
    for round_ in range(15):
        proxy.cut = "after"
        assert write(note(round_)) > 0
    assert proxy.cuts == 15
    assert attempts() == list(range(15))


def test_an_idempotency_key_gives_the_one_true_answer_after_a_commit_that_was_cut_off(app, proxy):
    api = Wesendall(app.test_client())
    for round_ in range(10):
        proxy.cut = "before" if round_ % 2 else "after"
        first = api.send(PHONE, headers={"Idempotency-Key": f"k{round_}"})
        again = api.send(PHONE, headers={"Idempotency-Key": f"k{round_}"})
        assert first.status_code in (200, 503)
        for _ in range(50):  # a claim that was cut off is another's for a moment
            if again.status_code != 409:
                break
            time.sleep(0.1)
            again = api.send(PHONE, headers={"Idempotency-Key": f"k{round_}"})
        assert again.status_code == 200, again.get_data(as_text=True)
        if first.status_code == 200:
            assert again.json == first.json
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 10
        assert audit().problems == []


@pytest.mark.parametrize("cut", ["before", "after"])
def test_where_nobody_can_tell_what_became_of_a_commit_the_answer_is_503_and_the_same_key_later_gives_the_true_one(app, proxy, cut):
    api = Wesendall(app.test_client())
    assert api.send(PHONE).status_code == 200
    proxy.cut, proxy.refuses_then = cut, True
    began = time.monotonic()
    first = api.send(PHONE, headers={"Idempotency-Key": "k"})
    assert first.status_code == 503 and int(first.headers["Retry-After"]) > 0 and time.monotonic() - began < 5
    proxy.refusing = proxy.refuses_then = False
    until = time.monotonic() + 60
    while (again := api.send(PHONE, headers={"Idempotency-Key": "k"})).status_code != 200:
        assert again.status_code in (409, 503) and time.monotonic() < until, again.get_data(as_text=True)
        time.sleep(0.2)
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 2
        assert audit().problems == []


def unavailable_in_the_dialects_words(app) -> None:
    client = app.test_client()
    for api, call, told in (
        (Wesendall(client), lambda api: api.send(PHONE), ("error", "service_unavailable")),
        (Wasambazie(client), lambda api: api.send(PHONE), ("detail", "Service temporarily unavailable")),
        (WorldLedgers(client), lambda api: api.sms(PHONE), ("message", "Service temporarily unavailable")),
        (Esms(client), lambda api: api.send(), ("detail", "service_unavailable")),
    ):
        began = time.monotonic()
        answer = call(api)
        assert time.monotonic() - began < 5
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0, answer.get_data(as_text=True)
        value = answer.json[told[0]]
        assert (value["code"] if isinstance(value, dict) else value) == told[1]


def test_a_host_that_is_cut_off_refuses_in_the_dialects_words_and_works_again_when_it_is_back(app, proxy):
    assert Wesendall(app.test_client()).send(PHONE).status_code == 200
    proxy.freeze()
    unavailable_in_the_dialects_words(app)
    proxy.thaw()
    deadline = time.monotonic() + 10
    while (answer := Wesendall(app.test_client()).send(PHONE)).status_code != 200:
        assert answer.status_code == 503 and time.monotonic() < deadline


class Storm:
    """Threads that send until they are told to stop; what they were answered."""

    def __init__(self, app, width: int = 4):
        self.app, self.answers, self.longest = app, Counter(), 0.0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._send) for _ in range(width)]

    def __enter__(self) -> Storm:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _send(self) -> None:
        api = Wesendall(self.app.test_client())
        while not self.stopping.is_set():
            began = time.monotonic()
            status = api.send(PHONE).status_code
            with self.lock:
                self.answers[status] += 1
                self.longest = max(self.longest, time.monotonic() - began)
            if status != 200:
                time.sleep(0.02)


TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = '{name}' AND pid <> pg_backend_pid()
"""


def assert_sound(app, storm: Storm) -> None:
    assert set(storm.answers) <= {200, 503} and storm.answers[200] > 0
    assert storm.longest < 5
    with app.app_context():
        sent = query("SELECT count(*) FROM messages WHERE status IN ('submitted', 'sent', 'delivered')")[0][0]
        assert sent >= storm.answers[200], "acknowledged, and gone"
        assert query("SELECT count(*) FROM messages")[0][0] <= sum(storm.answers.values()), "done twice"
        assert audit().problems == []


def test_every_connection_is_ended_again_and_again_in_a_storm(app, url, a_postgresql_server):
    with Storm(app) as storm:
        for _ in range(20):
            time.sleep(0.25)
            a_postgresql_server.execute(TERMINATE.format(name=url.rpartition("/")[2]))
        time.sleep(0.5)
        before = storm.answers[200]
        time.sleep(1.5)
        assert storm.answers[200] > before, "it works again by itself"
    assert_sound(app, storm)


def test_connections_break_anywhere_in_a_storm(app, proxy):
    with Storm(app) as storm:
        for _ in range(20):
            time.sleep(0.2)
            proxy.hang_up()
        time.sleep(1)
    assert_sound(app, storm)


def test_the_server_starts_anew_in_a_storm(on_postgresql, tmp_path):
    from wesend.database.schema_version import bring_up_to_date
    from wesend.sandbox import account as sandbox_account

    with postgresql.Server("synchronous_commit=on", "max_connections=50") as server:
        app = on_postgresql(server.create())
        with app.app_context():
            bring_up_to_date()
            sandbox_account.ensure_sandbox()
        with Storm(app) as storm:
            for mode in ("fast", "immediate", "fast"):
                time.sleep(0.7)
                server.stop(mode)
                time.sleep(0.3)
                server.start()
                back, before = time.monotonic(), storm.answers[200]
                while storm.answers[200] == before:
                    assert time.monotonic() - back < 10
                    time.sleep(0.05)
        assert_sound(app, storm)
        app.extensions["wesend.database"].close()


def test_a_database_that_is_away_is_logged_once_a_minute_in_whatever_words_and_ends_no_thread():
    """The filter that keeps such lines few knew the words of a full disk only: what it raised ended the thread that logged."""

    def record(cause: str) -> logging.LogRecord:
        error = DatabaseUnavailable(cause)
        return logging.LogRecord("wesend", logging.ERROR, __file__, 1, "it is tried again", (), (type(error), error, None))

    quiet = OncePerMinute()
    assert [quiet.filter(record(cause)) for cause in ("connection refused", "terminating connection")] == [True, False]


def test_who_waits_together_in_vain_for_somebody_who_writes_is_refused_and_nothing_of_it_is_done(app, context, url):
    """He is busy, so that nobody ends him. The lock times out for a whole group, whose units read before they write."""
    before = query("SELECT count(*) FROM messages")[0][0]
    answers: list[int] = []

    def send(place: int) -> None:
        api = (Wesendall(app.test_client()), WorldLedgers(app.test_client()))[place % 2]
        began = time.monotonic()
        answer = api.send(PHONE) if place % 2 == 0 else api.sms("0722000001")
        answers.append(answer.status_code)
        assert time.monotonic() - began < 5.5

    with postgresql.held_up(url):
        threads = [threading.Thread(target=send, args=(place,)) for place in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(answers) == {503: 12}
    assert query("SELECT count(*) FROM messages")[0][0] == before
    assert Wesendall(app.test_client()).send(PHONE).status_code == 200
