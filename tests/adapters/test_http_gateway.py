"""The gateway that is described by options."""

from __future__ import annotations

import json

import pytest

from wesend.adapters.callbacks import CallbackRequest, UnreadableCallback
from wesend.adapters.options import BadOption
from wesend.adapters.outcomes import ACCEPTED, REFUSED, UNKNOWN
from wesend.adapters.sms.base import DELIVERED, FAILED, SENT, Outcome

from ..support.fakes import answer
from .adapters import CALLBACK, make
from .conftest import submission

TRICKY = 'Say "{api_key}" & {to}\n\\ }{ +1%20'


def sent(vendor, *behaviours, method: str = "POST", path: str = "/send", message=None, **options) -> Outcome:
    vendor.on(method, path, *(behaviours or [answer(200)]))
    (outcome,) = make("http", vendor.url, method=method, **options).submit([message or submission()])
    return outcome


class TestTheRequest:
    def test_json_is_filled_inside_its_texts_and_keeps_its_types(self, vendor):
        sent(
            vendor,
            message=submission(sender="ACME"),
            body='{"source": "{sender}", "n": 1, "all": [{"to": "{to_digits}", "n": null}], "id": "x-{reference}"}',
        )
        assert vendor.last.json == {
            "source": "ACME",
            "n": 1,
            "all": [{"to": "256772000001", "n": None}],
            "id": "x-" + submission().reference,
        }

    def test_a_form_is_filled_and_encoded(self, vendor):
        sent(
            vendor,
            content_type="form",
            body="to={to}&message={text}&from={sender}&static=a%20b",
            message=submission(text="Hé & you"),
        )
        assert vendor.last.form == {"to": "+256772000001", "message": "Hé & you", "from": "", "static": "a b"}

    def test_secrets_fill_headers_addresses_and_bodies_by_name(self, vendor):
        sent(
            vendor,
            path="/k%2Fey/send",
            url=vendor.url + "/{api_key}/send",
            secrets={"api_key": "k/ey", "pin": "1234"},
            headers='{"Authorization": "Bearer {api_key}"}',
            body='{"pin": "{pin}"}',
        )
        assert vendor.last.headers["authorization"] == "Bearer k/ey"
        assert vendor.last.json == {"pin": "1234"}

    def test_a_get_carries_everything_in_its_address(self, vendor):
        sent(vendor, method="GET", url=vendor.url + "/send?to={to}&text={text}", body="", message=submission(text="a&to=+1"))
        assert vendor.last.query == {"to": "+256772000001", "text": "a&to=+1"}
        assert vendor.last.body == b""

    @pytest.mark.parametrize("content_type", ["json", "form"])
    def test_what_a_text_says_is_never_a_placeholder(self, vendor, content_type):
        body = {"json": '{"text": "{text}", "{to}": "{nothing}"}', "form": "text={text}&{to}={nothing}"}[content_type]
        sent(vendor, content_type=content_type, body=body, secrets={"api_key": "hunter2"}, message=submission(text=TRICKY))
        told = vendor.last.json if content_type == "json" else vendor.last.form
        assert told == {"text": TRICKY, "{to}": "{nothing}"}

    def test_a_text_in_a_header_is_one_line(self, vendor):
        sent(vendor, headers={"X-Text": "{text}"}, message=submission(text="a\r\nX-More: b"))
        assert vendor.last.headers["x-text"] == "a X-More: b"
        assert "x-more" not in vendor.last.headers


class TestTheAnswer:
    @pytest.mark.parametrize("behaviour", [answer(200), answer(204), answer(201, "OK"), answer(202, {"ok": False})])
    def test_without_a_condition_any_2xx_is_a_success(self, vendor, behaviour):
        assert sent(vendor, behaviour) == Outcome(ACCEPTED)

    @pytest.mark.parametrize(
        ("condition", "body"),
        [
            ("status=ok", {"status": "OK"}),
            ("successful=true", {"successful": True}),
            ("code=100", {"code": 100}),
            ("messages.0.status.groupId=1", {"messages": [{"status": {"groupId": 1}}]}),
            ("a=b=c", {"a": "b=c"}),
        ],
    )
    def test_a_condition_that_holds_is_a_success(self, vendor, condition, body):
        assert sent(vendor, answer(200, body), success=condition).kind == ACCEPTED

    def test_a_condition_that_does_not_hold_is_refused_in_the_vendors_words(self, vendor):
        outcome = sent(vendor, answer(200, {"code": 102, "message": "Invalid number"}), success="code=100")
        assert (outcome.kind, outcome.code, outcome.text) == (REFUSED, "102", "Invalid number")

    @pytest.mark.parametrize("body", [b"", b"OK", b"[]", b"{}", b'{"code": {}}', b'{"code": null}'])
    def test_a_condition_that_can_not_be_read_is_unknown(self, vendor, body):
        assert sent(vendor, answer(200, body), success="code=100").kind == UNKNOWN

    @pytest.mark.parametrize(
        ("path", "body", "found"),
        [
            ("messages.0.messageId", {"messages": [{"messageId": "abc"}]}, "abc"),
            ("id", {"id": 12345678901234567890}, "12345678901234567890"),
            ("0.id", [{"id": "x"}], "x"),
            ("id", {"id": {}}, None),
            ("messages.7.id", {"messages": []}, None),
            ("a.b.c", {"a": "text"}, None),
            ("-1.id", [{"id": "x"}], None),
            ("id", {"id": "a\0b" + "x" * 500}, "a b" + "x" * 197),
        ],
    )
    def test_the_id_is_found_by_its_path(self, vendor, path, body, found):
        assert sent(vendor, answer(200, body), id_path=path) == Outcome(ACCEPTED, gateway_ref=found)


class TestReceipts:
    OPTIONS = {"receipt_id": "id", "receipt_status": "status", "delivered": "DELIVRD,ok", "failed": "UNDELIV"}

    @staticmethod
    def called(body=b"", *, query=None, form=None) -> CallbackRequest:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return CallbackRequest("POST", CALLBACK, {}, query or {}, form or {}, content)

    def read(self, request: CallbackRequest, **options) -> list:
        found = make("http", "http://127.0.0.1:1", **{**self.OPTIONS, **options}).read_callback(request)
        return [(receipt.gateway_ref, receipt.receipt.status) for receipt in found]

    def test_they_come_as_json_form_or_query(self):
        told = {"id": "m1", "status": "delivrd", "more": "x"}
        assert self.read(self.called(told)) == [("m1", DELIVERED)]
        assert self.read(self.called(b"id=m1&status=delivrd", form=told)) == [("m1", DELIVERED)]
        assert self.read(self.called(query=told)) == [("m1", DELIVERED)]

    def test_words_of_both_lists_are_known_and_others_change_nothing(self):
        many = [{"id": 1, "status": "OK"}, {"id": 2, "status": "undeliv"}, {"id": 3, "status": "BUFFERED"}]
        assert self.read(self.called(many)) == [("1", DELIVERED), ("2", FAILED)]
        assert self.read(self.called({"id": 3, "status": "BUFFERED"})) == []

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("DELIVRD", DELIVERED),
            ("DELIVERED", DELIVERED),
            ("ACCEPTD", SENT),
            ("ENROUTE", SENT),
            ("ESME_ROK", SENT),
            ("UNDELIV", FAILED),
            ("REJECTD", FAILED),
            ("EXPIRED", FAILED),
            ("FAILED", FAILED),
            ("SUBMIT_FAIL", FAILED),
            ("THROTTLED", FAILED),
        ],
    )
    def test_the_carriers_own_words_need_no_option(self, word, status):
        gateway = make("http", "http://127.0.0.1:1", receipt_id="id", receipt_status="status")
        [found] = gateway.read_callback(self.called({"id": "m1", "status": word}))
        assert (found.receipt.status, found.receipt.code) == (status, word)

    def test_a_word_in_a_list_means_what_the_list_says(self):
        told = {"id": "m1", "status": "ACCEPTD"}
        assert self.read(self.called(told), delivered="ACCEPTD") == [("m1", DELIVERED)]
        assert self.read(self.called(told)) == [("m1", SENT)]

    def test_a_list_on_the_way_is_one_receipt_an_entry(self):
        body = {
            "results": [
                {"messageId": "a", "status": {"groupName": "DELIVRD"}},
                {"messageId": "b", "status": {"groupName": "UNDELIV"}},
            ]
        }
        paths = {"receipt_id": "results.messageId", "receipt_status": "results.status.groupName"}
        assert self.read(self.called(body), **paths) == [("a", DELIVERED), ("b", FAILED)]

    def test_a_flat_field_may_have_dots_in_its_name(self):
        assert self.read(
            self.called(form={"msg.id": "a", "msg.status": "OK"}), receipt_id="msg.id", receipt_status="msg.status"
        ) == [("a", DELIVERED)]

    def test_the_id_may_be_theirs_or_ours(self):
        adapter = make("http", "http://127.0.0.1:1", **self.OPTIONS)
        (receipt,) = adapter.read_callback(self.called({"id": "m", "status": "OK"}))
        assert (receipt.gateway_ref, receipt.reference) == ("m", "m")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"rubbish",
            b"null",
            b"7",
            b"[]",
            b"[[[[]]]]",
            b"[" * 100_000,
            b"{}",
            b'{"id": 1}',
            b'{"id": {}, "status": []}',
            b'[null, {"status": "OK"}]',
            b"\xff",
        ],
    )
    @pytest.mark.parametrize("nested", [False, True])
    def test_rubbish_is_unreadable(self, body, nested):
        paths = {"receipt_id": "a.id", "receipt_status": "a.status"} if nested else {}
        with pytest.raises(UnreadableCallback):
            self.read(self.called(body), **paths)

    def test_without_field_names_none_are_expected(self):
        adapter = make("http", "http://127.0.0.1:1")
        assert not adapter.sends_receipts
        assert adapter.read_callback(self.called({"id": "m1", "status": "OK"})) == []


class TestItsOptions:
    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"body": ""}, "body"),
            ({"body": '{"to": {to}}'}, "body"),
            ({"body": "[" * 100_000}, "body"),
            ({"content_type": "form", "body": "  "}, "body"),
            ({"content_type": "form", "body": "{to}"}, "body"),
            ({"headers": "[]"}, "headers"),
            ({"headers": '{"a": 1}'}, "headers"),
            ({"headers": '{"a": "b\\r\\nc"}'}, "headers"),
            ({"receipt_id": "id"}, "receipt_status"),
            ({"success": "ok"}, "success"),
            ({"url": "{host}/send"}, "url"),
        ],
    )
    def test_what_can_not_work_is_refused_when_it_is_set(self, options, named):
        with pytest.raises(BadOption, match=named):
            make("http", "http://127.0.0.1:1", **options)

    def test_a_secret_can_not_take_the_messages_names(self):
        with pytest.raises(BadOption, match="text"):
            make("http", "http://127.0.0.1:1", secrets={"text": "x"})
