"""A vendor's file is read strictly: what is wrong is one sentence with the file, the key and what was expected."""

from __future__ import annotations

import tomllib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vendor_files import ACME, changed, vendor_of
from wesend.adapters.sms.engine.checks import BadVendorFile
from wesend.adapters.sms.engine.loader import LARGEST, parse, read_document

CODES = 'codes = { 200 = "accepted", 400 = "refused", 429 = "temporary" }'
BODY = 'body = { from = "{sender}", text = "{text}", to = "{items}" }'
ITEM = '[send.item]\nnumber = "{to}"\nref = "{reference}"\n'
WORDS = 'words = { DELIVRD = "delivered", UNDELIV = "failed", ENROUTE = "sent", LOST = "never_sent" }'
DESK = 'default = "front"'
WRONG = [
    (CODES, 'codes = { 200 = "ok" }', '[answer.codes] 200: expected accepted, refused, temporary or unknown, not "ok"'),
    (CODES, "codes = 5", "[answer] codes: expected a table, not 5"),
    ('to = "digits"', 'metod = "POST"', "[send] metod: unknown key, did you mean method?"),
    ("[receipt]", "[recipt]", "recipt: unknown key, did you mean receipt?"),
    ('url = "{base_url}/send"', 'ulr = "{base_url}/send"', "[send] ulr: unknown key, did you mean url?"),
    ("[secrets.api_key]", "[secretes.api_key]", "secretes: unknown key, did you mean secrets?"),
    ('label = "Acme"', 'lable = "Acme"', "lable: unknown key, did you mean label?"),
    ("format = 1", "format = 2", "format: expected a whole number from 1 to 1, not 2"),
    ('name = "acme"', 'name = "other"', 'name: expected the file\'s own name "acme", in small letters, not "other"'),
    ('label = "Acme"', "", "label: is missing"),
    ('["UG"]', '["Uganda"]', 'countries: expected a list of ISO 3166 countries such as UG, not ["Uganda"]'),
    ('text = "{text}"', 'text = "{txt}"', "[send] body: unknown placeholder {txt}, did you mean text?"),
    ("{base_url}/send", "{base_url}/{text}", "[send] url: unknown placeholder {text}"),
    ('"{base_url}/send"', '"/send"', '[send] url: expected an address that begins with {base_url} or https://, not "/send"'),
    ('to = "digits"', 'method = "DELETE"', '[send] method: expected GET, POST, PUT or PATCH, not "DELETE"'),
    ('to = "digits"', 'to = "plain"', '[send] to: expected e164, digits, national or significant, not "plain"'),
    ("batch = 3", "batch = 0", "[send] batch: expected a whole number from 1 to 1000, not 0"),
    (BODY + "\n" + ITEM, 'body = { to = "{to}" }\n', "[send] batch: expected 1 where"),
    ("[send.item]\n", '[send.item]\nx = "{count}-{y}"\n', "[send] item: unknown placeholder {y}"),
    (CODES, 'http = { ok = "refused" }', '[answer.http] ok: expected an HTTP status as the key, not "ok"'),
    (WORDS, 'words = { OK = "gone" }', '[receipt.words] OK: expected sent, delivered, failed or never_sent, not "gone"'),
    ('status = "status"\ncode = "err"', 'code = "err"', "[receipt] status: is missing"),
    ("/report/{id}", "/report", "[poll] url: expected {id}, {ids} or {reference} in the request, or once = true"),
    ("none = 404", "none = 404\ngaps = [0]", "[poll] gaps: expected a list of seconds, each at least 1, not [0]"),
    ('value = "{api_key}"', 'value = "{pin}"', "[auth] value: unknown placeholder {pin}"),
    ('kind = "header"', 'kind = "digest"', '[auth] kind: expected none, basic, header, bearer or oauth, not "digest"'),
    (DESK, 'kind = "list"', "[options.desk] kind: expected text, url, integer, decimal, choice or flag"),
    (DESK, 'kind = "integer"\n' + DESK, '[options.desk] default: expected a whole number, not "front"'),
    ("[options.desk]", "[options.tps]", "[options] tps: expected a name"),
    ("[receipt]", '[limits]\nsender = "("\n[receipt]', '[limits] sender: expected a regular expression, not "("'),
    ('of = "answer"', 'of = "inbound"', '[sample 1] of: expected a table of this file, not "inbound"'),
    (
        "[receipt]",
        '[receipt.check]\nkind = "hmac"\nkey = "{desk}"\n[receipt]',
        "[receipt.check] key: expected a secret's placeholder",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), WRONG, ids=[sentence for *_, sentence in WRONG])
def test_what_is_wrong_is_named(old, new, sentence):
    with pytest.raises(BadVendorFile) as refused:
        vendor_of(changed((old, new)))
    assert str(refused.value).startswith("acme.toml: ") and sentence in str(refused.value)


def complaint(text: str) -> str:
    with pytest.raises(BadVendorFile) as refused:
        vendor_of(text)
    return str(refused.value)


def test_without_a_base_url_it_can_not_be_tried_elsewhere():
    assert "[options.base_url] is missing" in complaint(
        ACME.replace("options.base_url", "options.other_url").replace("{base_url}", "{other_url}")
    )


def test_what_is_no_toml_is_told_with_its_line():
    assert "acme.toml: not TOML: " in complaint("format = \n") and "line 1" in complaint("format = \n")
    with pytest.raises(BadVendorFile, match="not TOML"):
        parse(b"\xff\xfe", "acme.toml")


def test_a_file_of_more_than_64_kib_is_refused():
    with pytest.raises(BadVendorFile, match="at most 64 KiB"):
        parse(ACME.encode() + b"#" * LARGEST, "acme.toml")


LEAST = """
format = 1
name = "acme"
label = "A"
[options.base_url]
kind = "url"
[send]
url = "{base_url}"
body = { t = "{text}" }
"""


def test_defaults_are_those_of_the_format():
    vendor = vendor_of(LEAST)
    call = vendor.send.call
    assert (call.method, call.content_type, vendor.send.to, vendor.send.batch) == ("POST", "json", "e164", 1)
    assert (vendor.send.same, vendor.auth.kind, vendor.answer.otherwise) == (("text", "sender"), "none", "unknown")
    assert (vendor.countries, vendor.receipts, vendor.poll, vendor.limits.unicode_as) == ((), None, None, (False, True))


SCALARS = st.one_of(
    st.booleans(), st.integers(-10, 10**12), st.floats(), st.text(max_size=12), st.sampled_from(["{to}", "{items}", "{"])
)
KEYS = st.sampled_from(["path", "to", "code", "codes", "url", "body", "x"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8)
PLACES = [(table, key) for table, values in tomllib.loads(ACME).items() if isinstance(values, dict) for key in [*values, "new"]]


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_at_any_place_is_read_or_refused_with_a_sentence(place, value):
    document = tomllib.loads(ACME)
    document[place[0]][place[1]] = value
    try:
        read_document(document, "acme.toml")
    except BadVendorFile as refused:
        assert str(refused).startswith("acme.toml:") and "\n" not in str(refused)


@given(st.integers(0, len(ACME)), st.integers(0, 40), st.text(max_size=12))
def test_a_file_that_was_cut_about_is_read_or_refused(at, length, put):
    with suppress(BadVendorFile):
        parse((ACME[:at] + put + ACME[at + length :]).encode(errors="replace"), "acme.toml")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content):
    with pytest.raises(BadVendorFile):
        parse(content, "acme.toml")
