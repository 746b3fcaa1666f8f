"""A second factor at sign-in: asked for after the password, each code once, five wrong ones lock, and required where set."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from hashlib import sha256
from urllib.parse import urlsplit

import cbor2
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import sign_in
from wesend.accounts.roles import MEMBER, OWNER
from wesend.accounts.second_factor import factors, passkeys, pending, recovery_codes, totp
from wesend.core import clock as time
from wesend.core.errors import InvalidCredentials, InvalidInput, RateLimited
from wesend.database import query, write

from ..support.dashboard import PASSWORD, Visitor, give_password, make_user, text_of

pytestmark = pytest.mark.usefixtures("cheap_passwords")
EMAIL, HOME = "grace@example.com", "198.51.100.7"


@pytest.fixture
def grace(app):
    return give_password(app, make_user(app, email=EMAIL))


def sign_in_at(app, password: str = PASSWORD, email: str = EMAIL) -> Visitor:
    """Somebody who has given the password; what comes next is at `visitor.landed`."""
    visitor = Visitor(app)
    visitor.get("/sign-in")
    visitor.landed = visitor.post("/sign-in", email=email, password=password).headers.get("Location")
    visitor.get(visitor.landed)  # the form's token is another one now
    return visitor


def code_now(secret: str) -> str:
    return pyotp.TOTP(secret).generate_otp(time.now_ms() // 30_000)


def set_up_app(visitor: Visitor) -> tuple[str, list[str]]:
    """The app's key and the recovery codes, as the pages show them."""
    visitor.get("/security")
    page = visitor.follow("/security/app/new")
    secret = re.search(r'<code id="secret">(\w+)<', page.text)[1]
    assert "data:image/svg+xml" in page.text
    done = visitor.post("/security/app", code=code_now(secret))
    codes = re.findall(r"\b(?:[A-Z2-9]{4}-){3}[A-Z2-9]{4}\b", done.text)
    assert done.status_code == 200 and len(set(codes)) == 10, done.text
    return secret, codes


@pytest.fixture
def app_of_grace(app, grace, clock):
    """Her authenticator's key and recovery codes, set up half a minute ago."""
    visitor = sign_in_at(app)
    assert visitor.landed == "/"
    made = set_up_app(visitor)
    clock.advance(60)
    return made


def test_the_password_alone_opens_nothing(app, app_of_grace, clock):
    secret, _ = app_of_grace
    visitor = sign_in_at(app)
    assert visitor.landed == "/sign-in/second-factor"
    assert visitor.get("/keys").status_code == 302
    page = visitor.get(visitor.landed)
    assert "One more thing" in page.text and "passkey" not in page.text
    answer = visitor.post("/sign-in/second-factor", code=code_now(secret))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert visitor.get("/operator/accounts").status_code == 200


def test_it_leads_to_the_page_that_was_wanted_and_keeps_being_remembered(app, app_of_grace):
    visitor = Visitor(app)
    visitor.get("/sign-in?next=/operator/routes")
    visitor.follow("/sign-in?next=/operator/routes", email=EMAIL, password=PASSWORD, remember="y")
    answer = visitor.post("/sign-in/second-factor", code=code_now(app_of_grace[0]))
    assert answer.headers["Location"] == "/operator/routes"
    with app.app_context():
        assert query("SELECT is_remembered FROM user_sessions ORDER BY id DESC LIMIT 1")[0][0] == 1


def test_a_code_is_taken_once_and_that_of_another_minute_not_at_all(app, app_of_grace, clock):
    secret, _ = app_of_grace
    code = code_now(secret)
    first, second = sign_in_at(app), sign_in_at(app)
    assert first.post("/sign-in/second-factor", code=f"{code[:3]} {code[3:]}").status_code == 303
    assert second.post("/sign-in/second-factor", code=code).status_code == 401
    clock.advance(90)
    assert second.post("/sign-in/second-factor", code=code).status_code == 401
    assert second.post("/sign-in/second-factor", code=code_now(secret)).status_code == 303


def test_the_code_that_set_the_app_up_does_not_sign_in(app, grace, clock):
    secret, _ = set_up_app(sign_in_at(app))
    assert sign_in_at(app).post("/sign-in/second-factor", code=code_now(secret)).status_code == 401
    clock.advance(30)
    assert sign_in_at(app).post("/sign-in/second-factor", code=code_now(secret)).status_code == 303


def test_a_recovery_code_works_once_however_it_is_typed(app, app_of_grace):
    _, codes = app_of_grace
    typed = codes[0].lower().replace("-", " ")
    assert sign_in_at(app).post("/sign-in/second-factor", code=typed).status_code == 303
    visitor = sign_in_at(app)
    assert visitor.post("/sign-in/second-factor", code=codes[0]).status_code == 401
    assert visitor.post("/sign-in/second-factor", code=codes[1]).status_code == 303
    assert "8 recovery codes left" in text_of(visitor.get("/security"))


def test_five_wrong_codes_lock_for_fifteen_minutes(app, app_of_grace, clock):
    secret, codes = app_of_grace
    visitor = sign_in_at(app)
    statuses = [visitor.post("/sign-in/second-factor", code=f"00000{digit}").status_code for digit in range(5)]
    assert statuses == [401] * 5
    for code in (code_now(secret), codes[0]):
        refused = visitor.post("/sign-in/second-factor", code=code)
        assert refused.status_code == 429 and 890 <= int(refused.headers["Retry-After"]) <= 900
    other = sign_in_at(app)
    assert other.post("/sign-in/second-factor", code=code_now(secret)).status_code == 429, "whoever it is, and from wherever"
    clock.advance(15 * 60)
    assert sign_in_at(app).post("/sign-in/second-factor", code=code_now(secret)).status_code == 303
    with app.app_context():
        actions = [row[0] for row in query("SELECT action FROM audit_log WHERE action LIKE 'sign_in.factor%' ORDER BY id")]
    assert actions == ["sign_in.factor_wrong"] * 4 + ["sign_in.factor_locked"]


def test_a_storm_takes_a_code_once_and_counts_every_wrong_one(app, app_of_grace):
    secret, _ = app_of_grace

    with app.app_context():
        right = [(sign_in.sign_in(EMAIL, PASSWORD, HOME).token, code_now(secret)) for _ in range(8)]
        wrong = [(sign_in.sign_in(EMAIL, PASSWORD, HOME).token, "123") for _ in range(24)]

    def finish(given: tuple[str, str]) -> str:
        with app.app_context():
            try:
                pending.finish(pending.find(given[0]), pending.Answer(given[1]), HOME, lambda user: None)
                return "in"
            except (InvalidCredentials, RateLimited) as error:
                return type(error).__name__
            finally:
                app.extensions["wesend.database"].close_thread()

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(finish, right))
        assert came.count("in") == 1, came
        with app.app_context():
            write(lambda tx: tx.changed("DELETE FROM factor_locks"))
        came = list(pool.map(finish, wrong))
    assert (came.count("InvalidCredentials"), came.count("RateLimited")) == (5, 19)


def test_a_half_way_sign_in_ends_after_ten_minutes_and_with_a_new_password(app, app_of_grace, clock, grace):
    secret, _ = app_of_grace
    late, changed = sign_in_at(app), sign_in_at(app)
    with app.app_context():
        link = sign_in.issue_link(grace, actor="test")
        sign_in.redeem_link(link, PASSWORD)
    answer = changed.post("/sign-in/second-factor", code=code_now(secret))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    late = sign_in_at(app)
    clock.advance(600)
    assert late.post("/sign-in/second-factor", code=code_now(secret)).headers["Location"] == "/sign-in"


def test_a_link_asks_for_it_too(app, app_of_grace, grace):
    secret, _ = app_of_grace
    with app.app_context():
        token = sign_in.issue_link(grace, actor="test")
    visitor = Visitor(app)
    visitor.get(f"/sign-in/{token}")
    assert "One more thing" in visitor.follow(f"/sign-in/{token}", password="another long passphrase").text
    assert visitor.get("/keys").status_code == 302 and visitor.get("/sign-in/second-factor").status_code == 200
    assert visitor.post("/sign-in/second-factor", code=code_now(secret)).headers["Location"] == "/start"


def test_what_is_stored_is_of_no_use(app, app_of_grace):
    secret, codes = app_of_grace
    with app.app_context():
        tables = ("second_factors", "recovery_codes", "pending_sign_ins", "known_devices", "audit_log")
        stored = str([tuple(row) for table in tables for row in query(f"SELECT * FROM {table}")])
    assert secret not in stored and not [code for code in codes if code in stored]


def test_changing_it_asks_for_the_password_after_a_while(app, app_of_grace, clock):
    secret, _ = app_of_grace
    visitor = sign_in_at(app)
    visitor.follow("/sign-in/second-factor", code=code_now(secret))
    with app.app_context():
        factor = query("SELECT id FROM second_factors")[0][0]
    clock.advance(11 * 60)
    for path in ("/security/app/new", "/security/codes", f"/security/factors/{factor}/remove", "/security/sessions/end-others"):
        visitor.get("/security")
        assert visitor.post(path).headers["Location"] == "/security/confirm", path
    assert visitor.post("/security/confirm", password="wrong").status_code == 401
    assert visitor.post("/security/confirm", password=PASSWORD).status_code == 303
    assert visitor.post(f"/security/factors/{factor}/remove").status_code == 303
    assert sign_in_at(app).landed == "/"
    with app.app_context():
        assert query("SELECT count(*) FROM recovery_codes")[0][0] == 0


def test_another_persons_factor_and_session_are_not_there(app, app_of_grace, shop):
    with app.app_context():
        factor, session = query("SELECT max(id) FROM second_factors")[0][0], query("SELECT max(id) FROM user_sessions")[0][0]
    give_password(app, make_user(app, OWNER, shop.account_id, "owner@example.com"))
    visitor = sign_in_at(app, email="owner@example.com")
    visitor.get("/security")
    assert visitor.post(f"/security/factors/{factor}/remove").status_code == 404
    assert visitor.post(f"/security/sessions/{session}/end").status_code == 404


def test_an_operator_resets_factors_by_command_and_by_page(app, app_of_grace, grace, shop, operator):
    visitor = sign_in_at(app)
    visitor.post("/sign-in/second-factor", code=code_now(app_of_grace[0]))
    result = app.test_cli_runner().invoke(args=["user", "reset-factors", EMAIL, "--json"])
    assert result.exit_code == 0 and '"removed": 1' in result.output, result.output
    assert visitor.get("/keys").status_code == 302, "signed out"
    assert sign_in_at(app).landed == "/"
    set_up_app(sign_in_at(app))
    assert "Reset second factor" in operator.get("/operator/users").text
    assert operator.post(f"/operator/users/{grace.id}/factors").status_code == 303
    assert sign_in_at(app).landed == "/"
    member = Visitor(app, make_user(app, MEMBER, shop.account_id))
    assert member.post(f"/operator/users/{grace.id}/factors").status_code == 403
    assert app.test_cli_runner().invoke(args=["user", "reset-factors", "nobody@example.com"]).exit_code == 1


@pytest.mark.parametrize(
    ("required", "role", "asked"),
    [
        ("none", None, False),
        ("operators", None, True),
        ("operators", OWNER, False),
        ("everyone", OWNER, True),
        ("everyone", MEMBER, True),
    ],
)
def test_who_must_have_one_sets_it_up_before_anything_else(app_with, required, role, asked):
    from ..support.accounts import mint

    app = app_with(WESEND_REQUIRE_SECOND_FACTOR=required)
    shop = mint(app, is_sandbox=False)
    give_password(app, make_user(app, role, shop.account_id, EMAIL) if role else make_user(app, email=EMAIL))
    visitor = sign_in_at(app)
    answer = visitor.get("/keys")
    assert (answer.status_code, answer.headers.get("Location")) == ((303, "/security") if asked else (200, None))
    if asked:
        assert "asks you for a second factor" in text_of(visitor.get("/security"))
        set_up_app(visitor)
        assert visitor.get("/keys").status_code == 200
        with app.app_context():
            factor = query("SELECT id FROM second_factors")[0][0]
        visitor.get("/security")
        assert visitor.post(f"/security/factors/{factor}/remove").status_code == 403, "the last one stays"


def test_sessions_are_listed_and_ended(app, grace):
    here, there, third = (sign_in_at(app) for _ in range(3))
    page = here.get("/security")
    assert page.text.count('/end"') == 2 and "this one" in text_of(page)
    with app.app_context():
        other = query("SELECT id FROM user_sessions ORDER BY id LIMIT 1 OFFSET 2")[0][0]
    assert here.post(f"/security/sessions/{other}/end").status_code == 303
    assert third.get("/keys").status_code == 302 and there.get("/keys").status_code == 200
    assert here.post("/security/sessions/end-others").status_code == 303
    assert there.get("/keys").status_code == 302 and here.get("/keys").status_code == 200


@given(st.text())
def test_whatever_is_typed_is_a_code_or_not(code):
    totp._step_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", code, 1_781_092_800_000)
    recovery_codes._digest(code)


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", '{"id": 1}', "x" * 30_000, '{"id":"AA","rawId":"AA","type":"public-key","response":{}}']
)
def test_what_is_no_passkey_is_refused(app_with, answer):
    app = app_with(WESEND_BASE_URL="http://localhost:8000")
    give_password(app, make_user(app, email=EMAIL))
    visitor = sign_in_at(app)
    visitor.get("/security/passkeys/new")
    refused = visitor.post("/security/passkeys/new", name="Key", credential=answer)
    assert refused.status_code == 200 and "was not taken" in text_of(refused)
    with app.app_context():
        assert query("SELECT count(*) FROM second_factors")[0][0] == 0


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False),
        ("http://sms.example.org", False),
        ("http://localhost:8000", True),
        ("https://sms.example.org", True),
    ],
)
def test_where_browsers_make_passkeys(app_with, url, possible):
    with app_with(WESEND_BASE_URL=url).app_context():
        assert passkeys.are_possible() is possible


def made_by_a_browser(challenge: str, origin: str, host: str) -> str:
    """What a browser answers that was asked to make a passkey, attested by nobody."""

    def written(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    credential = b"credential-00001"
    told = sha256(host.encode()).digest() + b"\x45" + bytes(4) + bytes(16) + len(credential).to_bytes(2, "big") + credential
    client = {"type": "webauthn.create", "challenge": challenge, "origin": origin, "crossOrigin": False}
    response = {
        "clientDataJSON": written(json.dumps(client).encode()),
        "attestationObject": written(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told + cbor2.dumps(key)})),
    }
    return json.dumps({"id": written(credential), "rawId": written(credential), "type": "public-key", "response": response})


@pytest.mark.parametrize(
    ("url", "origin", "taken"),
    [
        ("https://sms.example.org", "https://sms.example.org", True),
        ("https://SMS.example.org:443", "https://sms.example.org", True),
        ("http://localhost:80", "http://localhost", True),
        ("https://sms.example.org:8443", "https://sms.example.org:8443", True),
        ("https://sms.example.org:8443", "https://sms.example.org", False),
        ("https://sms.example.org", "http://sms.example.org", False),
        ("https://sms.example.org", "https://evil.example.org", False),
    ],
)
def test_a_passkey_is_of_the_address_that_people_use(app_with, url, origin, taken):
    app = app_with(WESEND_BASE_URL=url)
    user = make_user(app, email=EMAIL)
    with app.app_context():
        _, challenge = passkeys.registration(user)
        answer = made_by_a_browser(challenge, origin, urlsplit(origin).hostname if taken else "sms.example.org")
        with nullcontext() if taken else pytest.raises(InvalidInput):
            passkeys.add(user, "Key", answer, challenge)
        assert factors.exist(user) is taken


def test_the_kinds_have_names():
    assert set(factors.KINDS) == {"totp", "passkey"}
