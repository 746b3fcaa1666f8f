"""SMTP against a real server that refuses, delays, drops and comes back, and against what is no SMTP server at all."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

import pytest

from wesend.adapters.mail.smtp import SmtpGateway, retry_delays
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Submission

from ..support import certificates
from ..support.mail import DROP, MailServer, RawServer
from ..support.server import free_port

PATIENT = 20.0  # seconds; never reached by a conversation that is to succeed
SHORT = 0.3


@pytest.fixture
def server():
    with MailServer() as server:
        yield server


@pytest.fixture
def gateway_to():
    """Makes gateways to a port; their connections are closed at the end."""
    made: list[SmtpGateway] = []

    def make(port: int, *, seconds: float = PATIENT, scheme: str = "smtp", user: str = "", query: str = "") -> SmtpGateway:
        made.append(SmtpGateway("smtp", f"{scheme}://{user}127.0.0.1:{port}{query}", seconds=seconds))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(server, gateway_to):
    return gateway_to(server.port)


def mail(number: int = 1, text: str = "Hello", to: str = "ann@example.com") -> Submission:
    message = EmailMessage(SMTP_POLICY)
    message["From"], message["To"], message["Subject"] = "Shop <shop@example.org>", to, "Hi"
    message.set_content(text)
    return Submission(number, f"ref-{number}", to, text, None, 0, "plain", 1, message.as_bytes())


def send(gateway: SmtpGateway, **options):
    [outcome] = gateway.submit([mail(**options)])
    return outcome


def test_a_mail_that_is_taken_is_accepted_with_what_the_server_called_it(server, gateway):
    outcome = send(gateway)
    assert (outcome.kind, outcome.gateway_ref) == (ACCEPTED, "Queued as 4711")
    [taken] = server.taken
    assert (taken.sender, taken.to, taken.user) == ("shop@example.org", ["ann@example.com"], None)
    assert taken.message["Subject"] == "Hi"
    assert taken.raw == mail().mime


def test_one_connection_carries_many_mails(server, gateway):
    outcomes = gateway.submit([mail(number) for number in range(20)])
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED] * 20
    assert len({taken.connection for taken in server.taken}) == 1


def test_lines_that_begin_with_a_dot_arrive_as_they_are(server, gateway):
    text = ".\r\n..\r\n.hidden\r\nEnd\r\n"
    assert send(gateway, text=text).kind == ACCEPTED
    assert server.taken[0].message.get_content().replace("\r\n", "\n") == text.replace("\r\n", "\n")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("450 Come back later", TEMPORARY),
        ("451 Greylisted", TEMPORARY),
        ("499 What", TEMPORARY),
        ("550 No such user", REFUSED),
        ("552 Too large", REFUSED),
        ("599 What", REFUSED),
    ],
)
def test_4xx_is_temporary_and_5xx_refused_at_every_step(server, gateway, step, answer, kind):
    server.says(step, answer)
    outcome = send(gateway)
    assert (outcome.kind, outcome.code, outcome.text) == (kind, answer[:3], answer)
    assert server.taken == []
    assert send(gateway).kind == ACCEPTED  # the next one is none the worse for it


def test_what_it_says_is_one_line_that_no_terminal_obeys(server, gateway):
    server.says("RCPT", "550-No such\r\n550 user\x1b[2J here")
    assert send(gateway).text == "550 No such user [2J here"


@pytest.mark.parametrize(
    ("step", "answer", "works"),
    [
        ("RCPT", "450 Busy", True),
        ("RCPT", "451 Greylisted", True),
        ("RCPT", "452 Mailbox full", True),
        ("RCPT", "421 Closing", False),
        ("MAIL", "451 Try later", False),
        ("DATA", "452 No space", False),
    ],
)
def test_a_mailbox_that_is_not_ready_says_nothing_against_the_server(server, gateway, step, answer, works):
    server.says(step, answer)
    outcome = send(gateway)
    assert (outcome.kind, outcome.works) == (TEMPORARY, works)


def test_a_refused_mail_does_not_end_the_connection_of_the_others(server, gateway):
    server.says("RCPT", "250 OK", "550 No such user", "451 Later")
    kinds = [outcome.kind for outcome in gateway.submit([mail(number) for number in range(4)])]
    assert kinds == [ACCEPTED, REFUSED, TEMPORARY, ACCEPTED]
    assert len({taken.connection for taken in server.taken}) == 1


def test_421_is_temporary_and_the_next_mail_has_a_new_connection(server, gateway):
    assert send(gateway).kind == ACCEPTED
    server.says("MAIL", "421 Closing", DROP)
    assert [send(gateway).kind, send(gateway).kind, send(gateway).kind] == [TEMPORARY, TEMPORARY, ACCEPTED]
    assert len({taken.connection for taken in server.taken}) == 2


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
def test_a_server_that_drops_before_the_content_has_not_got_the_mail(server, gateway, step):
    server.says(step, DROP)
    assert send(gateway).kind == TEMPORARY
    assert send(gateway).kind == ACCEPTED
    assert len(server.taken) == 1


def test_a_server_that_drops_after_the_content_leaves_it_unknown(server, gateway):
    server.says("DATA", DROP)
    assert send(gateway).kind == UNKNOWN
    assert send(gateway).kind == ACCEPTED


def test_a_slow_server_is_waited_for(server, gateway):
    for step in ("EHLO", "MAIL", "RCPT", "DATA"):
        server.says(step, 0.1)
    assert send(gateway).kind == ACCEPTED


def test_a_server_that_is_away_can_not_be_reached_and_is_used_again_when_it_is_back(gateway_to):
    port = free_port()
    gateway = gateway_to(port)
    assert (send(gateway).kind, send(gateway).code) == (TEMPORARY, "unreachable")
    with MailServer(port) as server:
        assert send(gateway).kind == ACCEPTED
    assert send(gateway).kind == TEMPORARY
    with MailServer(port) as server:
        assert send(gateway).kind == ACCEPTED
        assert len(server.taken) == 1


def test_a_host_that_has_no_address_can_not_be_reached():
    gateway = SmtpGateway("smtp", "smtp://no-such-host.invalid:25", seconds=SHORT)
    assert (send(gateway).kind, send(gateway).code) == (TEMPORARY, "unreachable")


# -- what is no SMTP server ---------------------------------------------------


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("greeting", TEMPORARY),
        ("ehlo", TEMPORARY),
        ("mail", TEMPORARY),
        ("rcpt", TEMPORARY),
        ("DATA", TEMPORARY),
        ("content", UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        RawServer.HANG,
        [b"2"] * 400,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\xff\xfe\r\n",
        b"2" * 9000 + b"\r\n",
        b"100 What\r\n",
        b"999 What\r\n",
    ],
    ids=["hangs", "drips", "http", "bytes", "long", "100", "999"],
)
def test_no_answer_in_time_and_no_answer_in_smtp_is_unknown_only_after_the_content(gateway_to, step, kind, answer):
    also = {"helo": answer} if step == "ehlo" else {}  # which is tried next
    with RawServer(**{step: answer, **also}) as server:
        silent = answer is RawServer.HANG or isinstance(answer, list)
        # What comes before the content must be done in time on a loaded machine, too.
        gateway = gateway_to(server.port, seconds=(2.0 if step == "content" else SHORT) if silent else PATIENT)
        assert send(gateway).kind == kind


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "DATA"])
def test_a_connection_that_ends_before_the_content_has_not_sent_the_mail(gateway_to, step):
    with RawServer(**{step: None}) as server:
        assert send(gateway_to(server.port)).kind == TEMPORARY
        assert "content" not in server.seen


def test_a_connection_that_ends_amid_a_large_content_has_not_sent_the_mail(gateway_to):
    with RawServer(content=None) as server:
        assert send(gateway_to(server.port), text="line\n" * 2_000_000).kind == TEMPORARY


def test_a_conversation_is_bounded_as_a_whole_however_alive_it_looks(gateway_to):
    """Each answer comes within the time of one read; all of them together do not."""
    slow = [b"250-a\r\n"] * 12 + [b"250 OK\r\n"]
    with RawServer(ehlo=slow, mail=slow, rcpt=slow) as server:
        gateway = gateway_to(server.port, seconds=SHORT)
        assert send(gateway).kind == TEMPORARY
        assert "DATA" not in server.seen


# -- signing in, and TLS ------------------------------------------------------


def test_user_and_password_of_the_url_sign_in(gateway_to):
    with MailServer(user=("me@example.org", "p@ss:w/rd")) as server:
        gateway = gateway_to(server.port, user="me%40example.org:p%40ss%3Aw%2Frd@")
        assert send(gateway).kind == ACCEPTED
        assert server.taken[0].user == "me@example.org"


@pytest.mark.parametrize("given", ["me:wrong@", "me:p%C3%A4ss@", ""])
def test_mail_waits_for_a_wrong_password_to_be_put_right(gateway_to, given):
    with MailServer(user=("me", "right")) as server:
        outcome = send(gateway_to(server.port, user=given))
        assert outcome.kind == (TEMPORARY if given else REFUSED)  # 530 to the mail itself, without a user
        assert "right" not in str(outcome) and "wrong" not in str(outcome)
        assert server.taken == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1, with its key, in one file."""
    return certificates.make(tmp_path_factory.mktemp("tls")).both


@pytest.fixture
def secured(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_starttls_encrypts_before_signing_in_and_keeps_the_connection(gateway_to, secured, trusted):
    with MailServer(tls=secured, user=("me", "secret")) as server:
        gateway = gateway_to(server.port, user="me:secret@", query="?starttls=1")
        assert [outcome.kind for outcome in gateway.submit([mail(1), mail(2)])] == [ACCEPTED] * 2
        assert [(taken.tls, taken.user) for taken in server.taken] == [(True, "me")] * 2
        assert len({taken.connection for taken in server.taken}) == 1


def test_smtps_is_encrypted_from_the_start(gateway_to, secured, trusted):
    with MailServer(smtps=secured) as server:
        gateway = gateway_to(server.port, scheme="smtps")
        assert [outcome.kind for outcome in gateway.submit([mail(1), mail(2)])] == [ACCEPTED] * 2
        assert len({taken.connection for taken in server.taken}) == 1


@pytest.mark.parametrize("how", ["starttls", "smtps"])
def test_a_certificate_that_is_not_trusted_is_sent_nothing(gateway_to, secured, how):
    tls, smtps = (secured, None) if how == "starttls" else (None, secured)
    with MailServer(tls=tls, smtps=smtps) as server:
        outcome = send(gateway_to(server.port, scheme="smtps" if smtps else "smtp", query="?starttls=1" if tls else ""))
        assert outcome.kind == TEMPORARY
        assert server.taken == []


def test_without_starttls_on_the_server_nothing_goes_out_in_the_clear(gateway_to, server):
    assert send(gateway_to(server.port, query="?starttls=1")).kind == TEMPORARY
    assert server.taken == []
    assert "MAIL" not in server.seen


# -- when it is tried again ---------------------------------------------------


def test_a_mail_is_tried_again_after_30_seconds_doubling_to_half_an_hour_for_a_day():
    delays = retry_delays(30)
    assert delays[:8] == (30, 60, 120, 240, 480, 960, 1800, 1800)
    assert 24 * 3600 <= sum(delays) < 24 * 3600 + 1800


@pytest.mark.parametrize("first", [0, 0.01, 1, 1800, 7200])
def test_another_first_gap_ends_after_a_day_all_the_same(first):
    delays = retry_delays(first)
    assert 24 * 3600 <= sum(delays) <= 24 * 3600 + max(delays)
    assert len(delays) < 100
