"""The engine: the requests that a file describes, tokens, what a vendor tells later, and balances."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

import pytest

from tests.adapters.conftest import submission
from tests.support.fakes import FakeVendor, answer
from tests.support.server import free_port
from tests.support.vendor_files import ACME, CALLBACK, changed, gateway_of
from wesend.adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from wesend.adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from wesend.adapters.sms.base import DELIVERED, FAILED, NEVER_SENT, SENT, UNLISTED, Question, Submission, read_either

BODY = 'body = { from = "{sender}", text = "{text}", to = "{items}" }'
ITEM = '[send.item]\nnumber = "{to}"\nref = "{reference}"\n'
ALONE = ((BODY + "\n" + ITEM, ""), ("batch = 3", ""), ("[auth]", "[auth]"))
OAUTH = """kind = "oauth"
url = "{base_url}/token"
method = "POST"
content_type = "form"
body = { id = "{desk}", secret = "{api_key}" }
"""


def by(text: str, body: str, more: str = "") -> str:
    """Acme with one message a call, and this body."""
    alone = changed((BODY + "\n" + ITEM, f"body = {body}\n{more}"), ("batch = 3", ""), text=text)
    return alone.replace('path = "recipients"\nto = "number"', 'path = "recipients"')


def queued(*numbers: int) -> dict:
    return {"code": 200, "recipients": [{"number": f"25677200{n:04d}", "status": "queued", "id": f"a{n}"} for n in numbers]}


def question(number: int, ref: str | None) -> Question:
    return Question(number, f"ref-{number}", ref, f"+25677200{number:04d}", 30_000)


class TestTheRequest:
    def test_a_list_of_one_is_a_list_where_calls_are_of_one(self, vendor):
        vendor.on("POST", "/send", answer(200, queued(1)))
        for more, told in (("", ["+256772000001"]), ('join = ","', "+256772000001")):
            text = by(changed(), '{ text = "{text}", to = "{to_list}" }', more).replace('to = "digits"', 'to = "e164"')
            gateway_of(vendor.url, text).submit([submission()])
            assert vendor.last.json["to"] == told, "a file may leave batch as it is"

    def sent(self, vendor: FakeVendor, body: str, more: str = "", message: Submission | None = None, **options) -> dict:
        vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued"}]}))
        (outcome,) = gateway_of(vendor.url, by(ACME, body, more), **options).submit([message or submission()])
        assert outcome.kind == ACCEPTED
        return vendor.last.json

    def test_a_placeholder_that_stands_alone_keeps_its_type(self, vendor):
        body = '{ n = "{count}", u = "{unicode}", t = "n {count}", v = "{valid_seconds}", d = "{desk}", to = ["{to}"] }'
        assert self.sent(vendor, body) == {"n": 1, "u": False, "t": "n 1", "v": 172800, "d": "front", "to": ["256772000001"]}

    def test_an_empty_one_takes_its_key_along(self, vendor):
        assert self.sent(vendor, '{ from = "{sender}", to = "{to}", who = "by {sender}" }') == {"to": "256772000001", "who": "by "}
        assert self.sent(vendor, '{ from = "{sender}" }', message=submission(sender="SHOP")) == {"from": "SHOP"}

    def test_what_a_text_says_fills_nothing(self, vendor):
        tricky = '{api_key}", "x": "{desk}\n'
        assert self.sent(vendor, '{ t = "{text}", again = "<{text}>" }', message=submission(text=tricky)) == {
            "t": tricky,
            "again": f"<{tricky}>",
        }

    @pytest.mark.parametrize(
        ("form", "to"),
        [("e164", "+256772000001"), ("digits", "256772000001"), ("national", "0772000001"), ("significant", "772000001")],
    )
    def test_numbers_are_written_as_the_vendor_takes_them(self, vendor, form, to):
        text = by(ACME, '{ to = "{to}" }').replace('to = "digits"', f'to = "{form}"')
        vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued"}]}))
        gateway_of(vendor.url, text).submit([submission()])
        assert vendor.last.json == {"to": to}

    def test_unicode_is_told_in_the_vendors_words(self, vendor):
        message = submission(text="ŵ")._replace(encoding="UCS-2")
        assert self.sent(vendor, '{ u = "{unicode}" }', message=message) == {"u": True}
        text = changed(("[receipt]", '[limits]\nunicode_as = ["text", "unicode"]\n[receipt]'), text=by(ACME, '{ u = "{unicode}" }'))
        gateway_of(vendor.url, text).submit([message])
        assert vendor.last.json == {"u": "unicode"}

    def test_a_form_a_query_and_headers_are_filled_too(self, vendor):
        text = by(
            ACME,
            '{ to = "{to}", from = "{sender}" }',
            'content_type = "form"\nquery = { k = "{desk}" }\nheaders = { X-T = "{text}" }',
        )
        vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued"}]}))
        gateway_of(vendor.url, text, desk="a&b").submit([submission(text="a\r\nX-More: b")])
        assert (vendor.last.form, vendor.last.query) == ({"to": "256772000001"}, {"k": "a&b"})
        assert vendor.last.headers["x-t"] == "a X-More: b" and vendor.last.headers["x-key"] == "k3y"

    @pytest.mark.parametrize(
        ("auth", "header"),
        [
            ('kind = "basic"\nuser = "{desk}"\npassword = "{api_key}"', "Basic " + b64encode(b"front:k3y").decode()),
            ('kind = "bearer"\ntoken = "{api_key}"', "Bearer k3y"),
            ('kind = "none"', None),
        ],
    )
    def test_it_is_authorised_as_the_file_says(self, vendor, auth, header):
        vendor.on("POST", "/send", answer(200, queued(1)))
        text = changed(('kind = "header"\nname = "X-Key"\nvalue = "{api_key}"', auth))
        assert [outcome.kind for outcome in gateway_of(vendor.url, text).submit([submission()])] == [ACCEPTED]
        assert vendor.last.headers.get("authorization") == header


class TestBatches:
    def test_calls_are_as_few_as_the_batch_allows(self, vendor):
        vendor.on("POST", "/send", answer(200, queued(*range(1, 9))))
        outcomes = gateway_of(vendor.url).submit([submission(number) for number in range(1, 8)])
        assert [outcome.gateway_ref for outcome in outcomes] == [f"a{number}" for number in range(1, 8)]
        assert sorted(len(asked.json["to"]) for asked in vendor.asked) == [1, 3, 3]

    def test_only_what_is_alike_shares_a_call_and_a_number_stands_in_it_once(self, vendor):
        vendor.on("POST", "/send", answer(200, queued(1, 2)))
        messages = [submission(1), submission(2, text="Other"), submission(3, to="+256772000001"), submission(2)]
        outcomes = gateway_of(vendor.url).submit(messages)
        assert [outcome.gateway_ref for outcome in outcomes] == ["a1", "a2", "a1", "a2"]
        assert sorted((asked.json["text"], len(asked.json["to"])) for asked in vendor.asked) == [
            ("Hello", 1),
            ("Hello", 2),
            ("Other", 1),
        ]

    def test_nobody_gets_anothers_text_or_sender_whatever_the_file_says(self, vendor):
        vendor.on("POST", "/send", answer(200, queued(1, 2, 3)))
        text = changed((BODY, f"same = []\n{BODY}"))
        messages = [submission(1), submission(2, text="Other"), submission(3, sender="SHOP")]
        gateway_of(vendor.url, text).submit(messages)
        said = {
            each["number"][-1]: (asked.json["text"], asked.json.get("from")) for asked in vendor.asked for each in asked.json["to"]
        }
        assert said == {"1": ("Hello", None), "2": ("Other", None), "3": ("Hello", "SHOP")}

    EACH = changed((BODY, 'same = []\nbody = { to = "{items}" }'), ('number = "{to}"', 'number = "{to}"\ntext = "{text}"'))

    @pytest.mark.parametrize(
        ("text", "calls"),
        [
            (EACH, [3]),
            (EACH.replace('ref = "{reference}"', 'u = "{unicode}"\nv = "{valid_seconds}"'), [3]),
            (EACH.replace('{ to = "{items}" }', '{ to = "{items}", u = "{unicode}" }'), [1, 2]),
            (EACH.replace('{ to = "{items}" }', '{ to = "{items}", v = "{valid_seconds}" }'), [1, 2]),
        ],
    )
    def test_what_a_call_does_not_say_of_all_keeps_nothing_apart(self, vendor, text, calls):
        vendor.on("POST", "/send", answer(200, queued(1, 2, 3)))
        other = submission(2, text="ŵ")._replace(encoding="UCS-2", valid_seconds=60)
        outcomes = gateway_of(vendor.url, text).submit([submission(1), other, submission(3)])
        assert [outcome.gateway_ref for outcome in outcomes] == ["a1", "a2", "a3"]
        assert sorted(len(asked.json["to"]) for asked in vendor.asked) == calls
        assert {each["number"]: each["text"] for asked in vendor.asked for each in asked.json["to"]}["256772000002"] == "ŵ"

    def test_each_recipient_has_its_own(self, vendor):
        vendor.on(
            "POST",
            "/send",
            answer(200, {"code": 200, "recipients": [*queued(1)["recipients"], {"number": "256772000002", "status": "bad"}]}),
        )
        outcomes = gateway_of(vendor.url).submit([submission(number) for number in (1, 2, 3)])
        assert [outcome.kind for outcome in outcomes] == [ACCEPTED, REFUSED, UNKNOWN]
        assert vendor.last.json["to"][1] == {"number": "256772000002", "ref": submission(2).reference}

    @pytest.mark.parametrize(
        ("join", "told"), [("", ["256772000001", "256772000002"]), ('join = ";"', "256772000001;256772000002")]
    )
    def test_the_numbers_may_be_one_text_or_a_list(self, vendor, join, told):
        text = changed((BODY + "\n" + ITEM, f'body = {{ to = "{{to_list}}" }}\n{join}\n'))
        vendor.on("POST", "/send", answer(200, queued(1, 2)))
        gateway_of(vendor.url, text).submit([submission(1), submission(2)])
        assert vendor.last.json == {"to": told}


class TestLimits:
    @pytest.mark.parametrize(
        ("limit", "message", "code"),
        [
            ("max_length = 5", submission(text="Hello!"), "too_long"),
            ('sender = "[A-Z]{3,11}"', submission(sender="shop"), "sender"),
            ("unicode = false", submission()._replace(encoding="UCS-2"), "unicode"),
        ],
    )
    def test_what_surely_would_not_be_taken_is_refused_without_a_call(self, vendor, limit, message, code):
        (outcome,) = gateway_of(vendor.url, changed(("[receipt]", f"[limits]\n{limit}\n[receipt]"))).submit([message])
        assert (outcome.kind, outcome.code, vendor.asked) == (REFUSED, code, [])

    def test_the_files_pace_holds_unless_the_operator_sets_another(self):
        text = changed(("[receipt]", "[limits]\ntps = 5\nparallel = 2\n[receipt]"))
        assert (gateway_of("http://x", text).tps, gateway_of("http://x", text).parallel) == (5, 2)
        given = gateway_of("http://x", text, tps="9", parallel="3")
        assert (given.tps, given.parallel) == (9, 3)


class TestTokens:
    TEXT = changed(('kind = "header"\nname = "X-Key"\nvalue = "{api_key}"\n', OAUTH))

    def test_one_is_fetched_for_many_calls(self, vendor):
        vendor.on("POST", "/token", answer(200, {"access_token": "t1", "expires_in": "3600"}))
        vendor.on("POST", "/send", answer(200, queued(1)))
        gateway = gateway_of(vendor.url, self.TEXT)
        assert [gateway.submit([submission()])[0].kind for _ in range(3)] == [ACCEPTED] * 3
        assert [asked.path for asked in vendor.asked] == ["/token", "/send", "/send", "/send"]
        assert vendor.asked[0].form == {"id": "front", "secret": "k3y"} and vendor.last.headers["authorization"] == "Bearer t1"

    @pytest.mark.parametrize("key", ["name", "header"])
    def test_it_stands_in_the_header_that_the_file_names(self, vendor, key):
        vendor.on("POST", "/token", answer(200, {"access_token": "t1"}))
        vendor.on("POST", "/send", answer(200, queued(1)))
        text = self.TEXT.replace(OAUTH, OAUTH + f'{key} = "X-Token"\nvalue = "Key {{token}}"\n')
        assert gateway_of(vendor.url, text).submit([submission()])[0].kind == ACCEPTED
        assert vendor.last.headers["x-token"] == "Key t1" and "authorization" not in vendor.last.headers

    def test_a_stale_one_is_fetched_anew_once(self, vendor):
        vendor.on("POST", "/token", answer(200, {"access_token": "t1"}), answer(200, {"access_token": "t2"}))
        vendor.on("POST", "/send", answer(401), answer(200, queued(1)))
        assert gateway_of(vendor.url, self.TEXT).submit([submission()])[0].kind == ACCEPTED
        assert [asked.headers.get("authorization") for asked in vendor.asked] == [None, "Bearer t1", None, "Bearer t2"]
        vendor.on("POST", "/send", answer(401, {"message": "Who?"}))
        assert gateway_of(vendor.url, self.TEXT).submit([submission()])[0].kind == REFUSED

    @pytest.mark.parametrize("behaviour", [answer(401), answer(500), answer(200, {}), answer(200, "<html>")])
    def test_without_one_nothing_was_sent(self, vendor, behaviour):
        vendor.on("POST", "/token", behaviour)
        (outcome,) = gateway_of(vendor.url, self.TEXT).submit([submission()])
        assert (outcome.kind, outcome.code) == (TEMPORARY, "no_token")
        assert {asked.path for asked in vendor.asked} == {"/token"}

    def test_nobody_there_is_temporary(self):
        (outcome,) = gateway_of(f"http://127.0.0.1:{free_port()}", self.TEXT).submit([submission()])
        assert outcome.kind == TEMPORARY


def called(body=b"", *, query=None, form=None, headers=None) -> CallbackRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CallbackRequest("POST", CALLBACK, headers or {}, query or {}, form or {}, content)


class TestReceipts:
    @pytest.mark.parametrize(
        ("word", "status"),
        [("delivrd", DELIVERED), ("UNDELIV", FAILED), ("Enroute", SENT), ("LOST", NEVER_SENT), ("NEW", UNLISTED)],
    )
    def test_words_are_read_without_case_and_an_unlisted_one_is_told(self, word, status):
        told = {"id": "a1", "status": word, "to": "256772000001", "err": "E7"}
        for request in (called(told), called(form=told), called(query=told)):
            (receipt,) = gateway_of("http://x").read_callback(request)
            assert (receipt.gateway_ref, receipt.to, receipt.receipt.status) == ("a1", "+256772000001", status)
            assert receipt.receipt.code == (word if status == UNLISTED else "E7")

    def test_our_reference_may_stand_in_the_address(self):
        (receipt,) = gateway_of("http://x").read_callback(called({"status": "DELIVRD"}, query={"ref": "ours"}))
        assert (receipt.gateway_ref, receipt.reference) == (None, "ours")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"id": "a1"}', b'{"status": "OK"}', b'{"id": {}, "status": []}'])
    def test_what_is_none_is_told_so(self, body):
        with pytest.raises(UnreadableCallback):
            gateway_of("http://x").read_callback(called(body))

    def test_several_stand_in_a_list(self):
        text = changed(("[receipt]", '[receipt]\npath = "all.reports"'))
        body = {"all": {"reports": [{"id": 1, "status": "DELIVRD"}, None, 5, {"id": 2, "status": "UNDELIV"}]}}
        found = gateway_of("http://x", text).read_callback(called(body))
        assert [(receipt.gateway_ref, receipt.receipt.status) for receipt in found] == [("1", DELIVERED), ("2", FAILED)]

    def test_own_faults_are_known_by_their_code(self):
        gateway = gateway_of("http://x")
        assert gateway.is_own_fault("e7") and not gateway.is_own_fault("E8") and not gateway.is_own_fault(None)


class TestChecks:
    PIN = changed(("[auth]", "[secrets.pin]\n[auth]"))

    def gateway(self, check: str, **secrets):
        return gateway_of("http://x", self.PIN + f"[receipt.check]\n{check}\n", secrets={"api_key": "k", **secrets})

    @pytest.mark.parametrize(
        ("hash_", "as_", "prefix"), [("sha1", "hex", ""), ("sha256", "base64", ""), ("sha512", "hex", "sha512=")]
    )
    def test_a_signature_has_to_be_right(self, hash_, as_, prefix):
        check = f'kind = "hmac"\nheader = "X-Sig"\nhash = "{hash_}"\nkey = "{{pin}}"\nas = "{as_}"\nprefix = "{prefix}"\n'
        check += 'over = "v1:{body}"'
        gateway = self.gateway(check, pin="s3cret")
        body = json.dumps({"id": "a1", "status": "DELIVRD"}).encode()
        digest = hmac.new(b"s3cret", b"v1:" + body, getattr(hashlib, hash_)).digest()
        signed = prefix + (digest.hex() if as_ == "hex" else b64encode(digest).decode())
        assert gateway.read_callback(called(body, headers={"x-sig": signed}))
        if as_ == "hex":
            assert gateway.read_callback(called(body, headers={"x-sig": prefix + digest.hex().upper()}))
        for wrong in ({}, {"x-sig": signed[:-2] + "00"}, {"x-sig": digest.hex() if prefix else ""}):
            with pytest.raises(BadSignature):
                gateway.read_callback(called(body, headers=wrong))

    @pytest.mark.parametrize("place", ["header", "field"])
    def test_a_shared_secret_has_to_be_there(self, place):
        gateway = self.gateway(f'kind = "secret"\n{place} = "tok"\nis = "{{pin}}"', pin="s3cret")
        told = {"id": "a1", "status": "DELIVRD"}
        right = called(told, headers={"tok": "s3cret"}) if place == "header" else called({**told, "tok": "s3cret"})
        assert gateway.read_callback(right)
        with pytest.raises(BadSignature):
            gateway.read_callback(called(told))

    def test_without_our_secret_the_address_has_to_do_and_the_operator_is_told(self):
        gateway = self.gateway('kind = "hmac"\nheader = "X-Sig"\nkey = "{pin}"')
        assert gateway.read_callback(called({"id": "a1", "status": "DELIVRD"}))
        assert any("signature" in warning for warning in gateway.warnings())
        (warning,) = self.gateway('kind = "hmac"\nheader = "X-Sig"\nkey = "{pin}"', pin="x").warnings()
        assert "plain HTTP" in warning


INBOUND = """[inbound]
when = { path = "type", is = ["mo"] }
from = ["sender", "from"]
to = "code"
text = "msg"
id = "mid"
"""


class TestInbound:
    TEXT = changed(("[receipt]", '[receipt]\nwhen = { path = "type", is = ["DLR"] }'), ("[[sample]]", INBOUND + "[[sample]]"))

    def test_one_address_brings_both_told_apart_by_what_they_say(self):
        gateway = gateway_of("http://x", self.TEXT)
        receipts, messages = read_either(gateway, called({"type": "dlr", "id": "a1", "status": "DELIVRD"}))
        assert len(receipts) == 1 and messages == []
        receipts, messages = read_either(gateway, called({"type": "MO", "from": "256772000001", "msg": "a\nb", "mid": 7}))
        assert receipts == [] and [tuple(one)[:5] for one in messages] == [("256772000001", None, "a\nb", "7", None)]

    def test_neither_is_unreadable(self):
        with pytest.raises(UnreadableCallback):
            read_either(gateway_of("http://x", self.TEXT), called({"type": "mo", "id": "a1", "status": "DELIVRD"}))


class TestPolls:
    def asked(self, gateway, *refs: str | None) -> list[str | None]:
        questions = [question(number, ref) for number, ref in enumerate(refs, 1)]
        return [receipt and receipt.status for receipt in gateway.ask(questions)]

    def test_each_is_asked_for_by_its_id(self, vendor):
        vendor.on("GET", "/report/a%2F1", answer(200, {"status": "DELIVRD"}))
        vendor.on("GET", "/report/a2", answer(404))
        vendor.on("GET", "/report/a3", answer(200, {"status": "BUFFERED"}))
        vendor.on("GET", "/report/a4", answer(500, {"status": "DELIVRD"}))
        assert self.asked(gateway_of(vendor.url), "a/1", "a2", "a3", "a4", None) == [DELIVERED, None, UNLISTED, None, None]
        assert len(vendor.asked) == 4

    MANY = 'batch = 2\njoin = ";"\nquery = { ids = "{ids}" }\npath = "all"\nid = "id"'
    BATCH = changed(("/report/{id}", "/reports"), ("none = 404", MANY))

    def test_a_vendor_that_takes_several_is_asked_for_several(self, vendor):
        everything = {"all": [{"id": "a3", "status": "UNDELIV"}, {"id": "a1", "status": "DELIVRD"}]}
        vendor.on("GET", "/reports", answer(200, everything))
        assert self.asked(gateway_of(vendor.url, self.BATCH), "a1", "a2", "a3") == [DELIVERED, None, FAILED]
        assert sorted(asked.query["ids"] for asked in vendor.asked) == ["a1;a2", "a3"]

    ONCE = changed(("/report/{id}", "/reports"), ("none = 404", 'once = true\npath = "all"\nid = "id"\nto = "to"'))

    def test_what_is_told_once_is_kept_before_anything_is_made_of_it(self, vendor):
        first = {"all": [{"id": "b1", "status": "DELIVRD", "to": "256772000001"}, {"id": "b2", "status": "?"}]}
        vendor.on(
            "GET",
            "/reports",
            answer(200, first),
            answer(200, {"all": [{"id": "b3", "status": "UNDELIV"}]}),
            answer(200, {"all": []}),
        )
        gateway = gateway_of(vendor.url, self.ONCE)
        kept: list = []
        gateway.on_reports = kept.extend
        assert self.asked(gateway, "b1", "other") == [None, None]
        assert [(one.gateway_ref, one.receipt.status) for one in kept] == [("b1", DELIVERED), ("b2", UNLISTED), ("b3", FAILED)]
        assert len(vendor.asked) == 3


class TestBalance:
    ASKED = ACME + '[balance]\nurl = "{base_url}/left"\namount = ["data.left", "left"]\ncurrency = "KES"\n'

    @pytest.mark.parametrize(
        ("body", "left"),
        [
            ({"left": 12.5}, ("12.5", "KES")),
            ({"data": {"left": "KSh1,234.50"}}, ("1234.50", "KES")),
            ({"left": "0,5"}, ("0.5", "KES")),
            ({"left": "KES 1,234"}, ("1234", "KES")),
            ({}, None),
        ],
    )
    def test_it_is_asked_for(self, vendor, body, left):
        vendor.on("GET", "/left", answer(200, body))
        found = gateway_of(vendor.url, self.ASKED).ask_balance()
        assert (found and tuple(found)) == left

    def test_or_comes_with_every_answer(self, vendor):
        text = changed(("[answer]\n", '[answer]\nbalance = "left"\n')) + '[balance]\nfrom = "answer"\nunit = "credits"\n'
        vendor.on("POST", "/send", answer(200, {**queued(1), "left": 7}))
        gateway, told = gateway_of(vendor.url, text), []
        gateway.on_balance = told.append
        gateway.submit([submission()])
        assert [tuple(one) for one in told] == [("7", None)]
