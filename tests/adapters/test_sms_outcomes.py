"""What every SMS gateway over HTTP has in common: each way of failing has one meaning."""

from __future__ import annotations

import pytest

from wesend.adapters.outcomes import REFUSED, TEMPORARY, UNKNOWN
from wesend.adapters.sms import types as sms

from ..support.fakes import answer, drop, raw, reset, truncated
from ..support.server import free_port
from .adapters import SENDS_BY, SENDS_TO, TOKENS, make
from .conftest import submission

every_type = pytest.mark.parametrize("kind", [name for name in sms.TYPES if name != "smpp"])  # those that talk HTTP
HOSTILE = [
    b"",
    b"[]",
    b"null",
    b'"sent"',
    b"rubbish",
    b"<html>Welcome</html>",
    b"[" * 100_000,
    b"\xff\xfe\x00",
    b"{}",
    b'{"SMSMessageData": {"Recipients": 5}}',
    b'{"SMSMessageData": {"Recipients": [7, null, [], {}]}}',
    b'{"success": "yes", "data": []}',
    b'{"success": null, "data": {"results": 5}}',
    b'{"sid": {}, "id": [1]}',
]


def sent(kind: str, vendor, *behaviours, **options):
    vendor.on(SENDS_BY.get(kind, "POST"), SENDS_TO[kind], *behaviours)
    if kind in TOKENS:
        vendor.on("POST", TOKENS[kind], answer(200, {"access_token": "a-token", "expires_in": "3599"}))
    if kind == "http":  # else any 2xx is a success to it
        options["success"] = "status=ok"
    adapter = make(kind, vendor.url, **options)
    outcomes = adapter.submit([submission()])
    adapter.close()
    assert len(outcomes) == 1
    return outcomes[0]


@every_type
class TestEverySmsGateway:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
    def test_a_refusal_is_final_and_says_why(self, kind, vendor, status):
        outcome = sent(kind, vendor, answer(status, {"message": "Bad number", "code": 21211}))
        assert (outcome.kind, outcome.text) == (REFUSED, "Bad number")

    def test_a_plain_text_refusal_is_final_and_says_why(self, kind, vendor):
        outcome = sent(kind, vendor, answer(401, "The supplied authentication is invalid"))
        assert (outcome.kind, outcome.text) == (REFUSED, "The supplied authentication is invalid")

    @pytest.mark.parametrize("status", [429, 503])
    def test_throttling_is_temporary(self, kind, vendor, status):
        assert sent(kind, vendor, answer(status, {"message": "Slow down"})).kind == TEMPORARY

    def test_an_address_that_nobody_listens_at_is_temporary(self, kind):
        adapter = make(kind, f"http://127.0.0.1:{free_port()}")
        assert [outcome.kind for outcome in adapter.submit([submission()])] == [TEMPORARY]

    @pytest.mark.parametrize(
        "behaviour",
        [drop, reset, truncated(201, b'{"id": "1"'), raw(b"\0\0\0"), answer(500, {}), answer(502, "<html>Bad Gateway</html>")],
        ids=["closed", "reset", "truncated", "not http", "500", "502"],
    )
    def test_a_broken_answer_is_unknown_and_is_not_asked_again(self, kind, vendor, behaviour):
        assert sent(kind, vendor, behaviour).kind == UNKNOWN
        assert len([asked for asked in vendor.asked if asked.path == SENDS_TO[kind]]) == 1

    def test_silence_is_unknown(self, kind, vendor):
        assert sent(kind, vendor, vendor.hang, timeout=0.6).kind == UNKNOWN

    def test_a_dripped_answer_is_unknown(self, kind, vendor):
        drip = vendor.drip(b"HTTP/1.1 201 Created\r\nContent-Length: 900000\r\n\r\n")
        assert sent(kind, vendor, drip, timeout=0.6).kind == UNKNOWN
        assert not vendor.dripped_out

    @pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_success_that_can_not_be_read_is_unknown(self, kind, vendor, body):
        assert sent(kind, vendor, answer(200, body)).kind == UNKNOWN

    def test_nothing_to_send_is_no_call(self, kind, vendor):
        assert make(kind, vendor.url).submit([]) == []
        assert vendor.asked == []
