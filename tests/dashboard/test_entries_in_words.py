"""Ledger lines and the audit log speak the reader's language on pages; what is stored, and files, keep theirs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import wesend
from wesend.accounts import audit_log
from wesend.core.languages import speaking
from wesend.dashboard.audit_words import ACTIONS, action_words
from wesend.dashboard.detail_words import OWN_WORDS, detail_words
from wesend.dashboard.ledger_words import entry_words
from wesend.database import write
from wesend.routing.opt_outs import OPT_OUT
from wesend.wallets import service as wallets
from wesend.wallets.models import LedgerEntry
from wesend.wallets.statement import KINDS

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import send

ACTION = re.compile(r"[a-z_]+(\.[a-z_]+)?")
RECORDERS = ("record", "note", "_record", "_decide")
VARYING = {
    "account.{}": ("active", "suspended", "daily_limit", "recipient_limit", "burst_limit", "quiet_hours"),
    "user.{}": ("active", "disabled"),
    "message.{}": ("delivered", "lost"),
    "wallet.{}": ("manual_credit", "manual_debit"),
}
"""Actions whose names are put together, with what they are put together from."""


def recorded() -> set[str]:
    """Every action that the source enters into the audit log."""
    found: set[str] = set()
    for path in Path(wesend.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call):
                named = [word.value for word in call.keywords if word.arg == "action"]
                is_recorder = getattr(call.func, "attr", getattr(call.func, "id", "")) in RECORDERS
                for given in named + (call.args if is_recorder else []):
                    found.update(_actions(given, is_named=given in named))
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
                found.update(
                    default.value
                    for name, default in pairs
                    if name.arg == "action" and isinstance(default, ast.Constant) and isinstance(default.value, str)
                )
    return found


def _actions(given: ast.expr, *, is_named: bool) -> set[str]:
    if isinstance(given, ast.JoinedStr):
        pattern = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in given.values)
        return {pattern.replace("{}", word) for word in VARYING[pattern]} if is_named else set()
    texts = {part.value for part in ast.walk(given) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return {text for text in texts if ACTION.fullmatch(text) and (is_named or "." in text)}


def test_every_action_of_the_audit_log_has_its_words_and_no_other_one():
    assert recorded() == set(ACTIONS)
    assert all(ACTION.fullmatch(action) for action in ACTIONS)


def test_an_action_of_before_is_shown_by_its_name():
    assert action_words("sign_in") == "Signed in" and action_words("older.action") == "older.action"


@pytest.mark.parametrize(
    ("description", "english", "swahili"),
    [
        ("1 message", "1 message", "ujumbe 1"),
        ("1200 messages", "1,200 messages", "jumbe 1,200"),
        ("Top-up of 500 UGX from +256712000001", "Top-up of 500 UGX from +256712000001", "kutoka +256712000001"),
        ("Retry of abc", "Retry of abc", "Kurudia abc"),
        ("Refund of abc: Not a phone number", "Refund of abc: Not a phone number", "Kurejesha pesa ya abc: Si namba ya simu"),
        ("Cancelled: Spring: 2 for 1", "Cancelled: Spring: 2 for 1", "Imeghairiwa: Spring: 2 for 1"),
        ("Undone: batch abc was not taken in whole", "Undone: abc was not taken in whole", "Imeondolewa: abc"),
        ("Setup of VOTE in UG", "Setup of VOTE in Uganda", "VOTE nchini Uganda"),
        ("Month 2 of shared in KE", "Month 2 of shared in Kenya", "Mwezi wa 2"),
        ("Incoming message", "Incoming message", "Ujumbe unaoingia"),
        ("Sandbox reset", "Sandbox reset", "Majaribio yameanzishwa upya"),
    ],
)
def test_a_sentence_of_the_ledger_is_told_in_a_language(app, description, english, swahili):
    with app.test_request_context():
        assert entry_words(description) == english
        with speaking("sw"):
            assert swahili in (entry_words(description) or "")


def test_somebodys_note_is_theirs_even_where_it_reads_like_ours(app):
    assert entry_words("5 messages", "manual_credit") is None and entry_words("Paid in cash") is None
    assert entry_words("manual credit", "manual_credit") == ""


def test_all_kinds_of_entries_have_a_name():
    allowed = next(str(rule.sqltext) for rule in LedgerEntry.__table__.constraints if str(rule.name).endswith("kind"))
    kinds = set(re.findall(r"'(\w+)'", allowed))
    assert len(kinds) > 5 and kinds <= set(KINDS)


def test_pages_in_swahili_have_neither_english_entries_nor_actions_and_files_stay_as_they_were(app, jobs):
    box = mint(app, balance="1000")
    owner = Visitor(app, make_user(app, "owner", box.account_id))
    with app.app_context():
        send(wallets.find_wallet(box.wallet, actor="test"), "+256712000001", "+256700000077")
        wallets.credit_by_hand(wallets.find_wallet(box.wallet, actor="test"), 1_000_000, note="Asante", actor="test")
    jobs.settle()
    owner.post("/language", language="sw")
    page = text_of(owner.get(f"/wallets/{box.wallet}"))
    assert "jumbe 2" in page and "Kurejesha pesa ya" in page and "Asante" in page
    assert "2 messages" not in page and "Refund of" not in page
    assert "Pochi imetengenezwa wallet.create" in text_of(owner.get("/audit"))
    assert "wallet.create" in owner.get("/audit/export").text and "Pochi" not in owner.get("/audit/export").text
    assert "Wallet made wallet.create" in text_of(Visitor(app, make_user(app)).get("/operator/audit"))


def test_by_what_somebody_opted_out_is_told_in_the_readers_language(app, jobs):
    box = mint(app, balance="1000")
    owner = Visitor(app, make_user(app, "owner", box.account_id, email="ann@example.com"))
    owner.follow("/contacts/opt-outs", number="0712000001")
    with app.app_context():
        write(
            lambda tx: [tx.execute(OPT_OUT, (box.account_id, "sms", f"+25671200001{n}", source, None, n)) for n, source in SOURCES]
        )
    assert "entered by ann@example.com" in text_of(owner.get("/contacts/opt-outs"))
    owner.post("/language", language="sw")
    page = text_of(owner.get("/contacts/opt-outs"))
    for word in ("imeingizwa na ann@example.com", "ya ben@example.com", "kwa kujibu STOP", "uid-1", "kupitia API", "older words"):
        assert word in page
    assert "entered by" not in page and "unsubscribed" not in page and "imported" not in page


SOURCES = enumerate(("imported by ben@example.com", "inbound STOP", "unsubscribed from uid-1", "api", "older words"))


@pytest.mark.parametrize(
    ("action", "detail", "english", "swahili"),
    [
        ("route.set", "price 35 UGX → 36 UGX, priority 0 → 1", "price 35 UGX → 36 UGX, priority 0 → 1", "bei 35 UGX → 36 UGX"),
        ("route.set", "refunds failures none → True", "refunds failures none → yes", "→ ndiyo"),
        (
            "gateway.set",
            "type beem → at, api_key changed",
            "type beem → at, api_key changed",
            "aina beem → at, api_key imebadilishwa",
        ),
        (
            "user.rights",
            "send, contacts, top_up → look",
            "send, change contacts, top up → look only",
            "kutuma, kubadilisha wasiliani",
        ),
        ("user.role", "member → owner", "member → owner", "mwanachama → mmiliki"),
        (
            "wallet.alert",
            "off → below 5 UGX to a@example.com",
            "off → below 5 UGX to a@example.com",
            "chini ya 5 UGX kwa a@example.com",
        ),
        ("group.create", "a file, 3 contacts", "a file, 3 contacts", "faili, wasiliani 3"),
        ("opt_out.add", "a list, 1 lines refused", "a list, 1 line refused", "orodha, mstari 1 umekataliwa"),
        ("backup.make", "12345678 bytes", "12.3 MB", "12.3 MB"),
        ("contact.change", "group none, 3 contacts", "in the group none, 3 contacts", "katika kikundi none, 3 contacts"),
        (
            "key.limits",
            "until revoked, from anywhere → until x, from 10.0.0.1, to UG,KE, 500 a day, valid for 60 s",
            "until revoked, from anywhere → until x, from 10.0.0.1, to UG,KE, 500 a day, valid for 60 seconds",
            "kutoka 10.0.0.1, kwenda UG,KE, 500 kwa siku, hudumu sekunde 60",
        ),
        ("account.firm", "legal name: none → Acme Ltd", "legal name: none → Acme Ltd", "jina la kisheria: hakuna → Acme Ltd"),
        ("wallet.name", "none → 2026-13-99T00:00:00Z", "none → 2026-13-99T00:00:00Z", "hakuna → 2026-13-99T00:00:00Z"),
        ("dispatch.pause", "none", "none", "none"),
        ("sign_in", "by a link that cli made", "by a link that a command made", "kwa kiungo kilichotengenezwa na amri"),
        ("older.action", "whatever it said", "whatever it said", "whatever it said"),
        ("user.create", None, "", ""),
    ],
)
def test_a_detail_of_the_audit_log_is_told_in_a_language_and_values_stay(app, action, detail, english, swahili):
    with app.test_request_context():
        assert detail_words(action, detail).striptags() == english
        with speaking("sw"):
            assert swahili in detail_words(action, detail).striptags()


def test_an_instant_of_the_audit_log_is_shown_by_the_accounts_clocks(app, shop, owner):
    with app.app_context():
        entry = {"actor": "test", "action": "campaign.reschedule", "subject": "x", "account_id": shop.account_id}
        audit_log.note(**entry, detail="2031-06-01T05:25:00Z → 2031-06-02T06:30:00Z")
        audit_log.note(**{**entry, "action": "key.roll"}, detail="until 2031-06-01T05:25:00Z")
    page = text_of(owner.get("/audit"))
    assert "1 Jun 2031, 08:25 → 2 Jun 2031, 09:30" in page and "until 1 Jun 2031, 08:25" in page


def test_actions_with_somebodys_own_words_are_those_that_there_are():
    assert set(ACTIONS) >= OWN_WORDS


def test_the_audit_log_in_swahili_tells_details_in_it_and_the_file_in_english(app, shop, owner):
    member = make_user(app, "member", shop.account_id)
    owner.follow(f"/operator/users/{member.id}/rights", rights=["send"], spending_limit="", currency="USD", period="day")
    owner.post("/language", language="sw")
    assert "→ kutuma" in text_of(owner.get("/audit")) and "→ send" in owner.get("/audit/export").text
