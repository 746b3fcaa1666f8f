"""E-mails' texts are stored once, with their batch: what is sent, shown, found and clicked is what was accepted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts.service import AccountInfo, get_account
from wesend.core import markup
from wesend.core.errors import InvalidInput, NotRetryable, TextTooLong
from wesend.core.phones import Phone
from wesend.core.templating import LONGEST, MOST_PLACEHOLDERS, render, render_single
from wesend.database import query, write
from wesend.messages.dispatch import submit
from wesend.messages.email import compose as mail
from wesend.messages.reporting import history, search
from wesend.messages.sending import actions, bulk, send
from wesend.messages.sending.compose import Addressee, Composer
from wesend.messages.sending.options import Options, Origin
from wesend.messages.state import mail_texts
from wesend.messages.state.mail_texts import DOUBLE, SINGLE, Written, fill, link_tags, text_of
from wesend.messages.state.outgoing import Outgoing
from wesend.messages.state.redaction import REMOVED
from wesend.operations import retention

from ...support.domain import ACTOR, make_wallet, message, named, put

ORIGIN = Origin("worldledgers")
PERSONAL = '<p>Dear {name}, pay <a href="https://shop.example/{id}?x=1&amp;n={name}">here</a> or <a href={link}>there</a></p>'
ANN = {"name": 'Ann "A" <b>', "id": "7", "link": "https://elsewhere.example/q", "secret": "not named"}


@pytest.fixture
def account(context) -> AccountInfo:
    return get_account(make_wallet("10", "SMS", is_sandbox=True).account_id)


def sent(account: AccountInfo, text: str, *people: dict, placeholders: str = SINGLE, options: Options = Options()) -> list:
    wallet = make_wallet("10", "SMS", account=account, is_sandbox=True)
    composer = mail.MailComposer(account, wallet, "For {name}", text, placeholders=placeholders)
    to = (Addressee(f"p{number}@example.com", None, values) for number, values in enumerate(people or ({},)))
    batch = send.send(composer, to, actor="test", origin=ORIGIN, options=options, in_request=False).batch
    return query("SELECT * FROM messages WHERE batch_id = ? ORDER BY id", (batch["id"],))


def stored() -> int:
    return query("SELECT coalesce(sum(length(text) + length(coalesce(fields, ''))), 0) FROM messages")[0][0]


@pytest.mark.parametrize("count", [3, 250])
def test_a_text_is_stored_once_whatever_the_number_of_its_readers(account, count):
    text = "<p>" + "Hello " * 10_000 + "</p>"
    rows = sent(account, text, *({"name": str(number)} for number in range(count)))
    assert len(rows) == count and stored() <= 2 * count
    assert {text_of(row) for row in rows} == {text}
    assert query("SELECT sum(length(text)) FROM batches")[0][0] == len(text)


def test_of_a_contact_only_the_fields_that_the_text_names_are_stored(account):
    (row,) = sent(account, PERSONAL, ANN)
    assert json.loads(row["fields"]) == {name: ANN[name] for name in ("name", "id", "link")} and row["text"] == ""
    assert text_of(row) == render_single(PERSONAL, ANN, mail_texts.escape_in(PERSONAL, "single", "html"))
    assert "Ann &quot;A&quot; &lt;b&gt;" in text_of(row)


@pytest.mark.parametrize(
    ("style", "text"), [(SINGLE, "Dear {name}  {nobody} , bye {{name}}"), (DOUBLE, "Dear {{name}} {name} {{nobody}}")]
)
def test_each_api_fills_its_own_placeholders_in(account, style, text):
    (row,) = sent(account, text, {"name": "Ann"}, placeholders=style)
    assert text_of(row) == {SINGLE: render_single, DOUBLE: render}[style](text, {"name": "Ann"})


def test_what_leaves_is_what_was_accepted(account):
    rows = sent(account, PERSONAL, ANN, {"name": "Ben"}, options=Options("scheduled", scheduled_at=2**42))
    row = message(rows[0]["id"])
    outgoing = Outgoing(*(row[name] for name in Outgoing._fields))
    mime = submit.submission_of(outgoing).mime
    assert mime is not None
    stored = mail.Mail.leaving(outgoing)
    assert stored.text == text_of(row) and stored.text != text_of(rows[1])
    html = mail.render(stored).get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert html.count("/t/") == 3 and mail.tracking_url(mail.OPEN, row["id"]) in html
    assert submit.submission_of(outgoing, leaves=False).mime is None


def test_a_search_finds_what_a_reader_reads(account):
    sent(account, PERSONAL, {"name": "Ann Otim"}, {"name": "Ben"})
    sent(account, "Something else")
    wanted = history.Filter(account.id, channel="email")

    def found(text: str) -> list[str]:
        return [row["recipient"] for row in search.find(search.Search(wanted, text), None, 10, actor=ACTOR).rows]

    assert found("dear ann otim, pay") == ["p0@example.com"]
    assert found("something else") == ["p0@example.com"]
    assert sorted(found("dear")) == ["p0@example.com", "p1@example.com"]
    assert found("{name}") == []


def test_a_search_puts_so_much_together_and_goes_on_from_there(account, monkeypatch):
    monkeypatch.setattr(search, "PUT_TOGETHER", 2500)
    rows = sent(account, "x" * 1000, *({} for _ in range(7)))
    wanted = search.Search(history.Filter(account.id, channel="email"), "nowhere")
    first = search.find(wanted, None, 10, actor=ACTOR)
    assert first.rows == [] and first.last is not None and first.last["id"] == rows[4]["id"]
    second = search.find(wanted, first.last, 10, actor=ACTOR)
    assert second.last is not None and second.last["id"] == rows[1]["id"]
    assert search.find(wanted, second.last, 10, actor=ACTOR).last is None


# -- texts that are removed ----------------------------------------------------


@pytest.fixture
def ended(app_with, clock):
    """Sends, lets everything end, and removes the texts a month later."""

    def remove(*people: dict, text: str = PERSONAL, status: str = "delivered"):
        rows = sent(account, text, *people)
        before = [mail_texts.links_of(row) for row in rows]
        for row in rows:
            put(row["id"], status)
        write(lambda tx: tx.execute("UPDATE batches SET finished_at = created_at, state = 'finished'") and None)
        clock.advance(31 * 24 * 3600)
        return rows, before

    with app_with(WESEND_KEEP_TEXT_DAYS="30").app_context():
        account = get_account(make_wallet("10", "SMS", is_sandbox=True).account_id)
        yield remove


def remove_all() -> None:
    while retention.remove_texts():
        pass


def test_links_lead_where_they_led_when_no_word_is_left(ended):
    rows, before = ended({**ANN, "name": "Ann"}, {"name": "Ben", "id": "8", "link": "http://b.example/"})
    remove_all()
    assert [[mail.link_target(row["id"], place) for place in (0, 1)] for row in rows] == before
    assert before[1] == ["https://shop.example/8?x=1&n=Ben", "http://b.example/"]
    (written,) = query("SELECT text FROM batches")[0]
    assert "Dear" not in written and "pay" not in written
    for row in rows:
        now = message(row["id"])
        assert now["text"] == text_of(now) == REMOVED


def test_of_fields_only_those_in_links_stay(ended):
    (row,), _ = ended(
        {"name": "Ann", "id": "7", "link": "x", "diagnosis": "secret"},
        text='<p>{name} has {diagnosis}: <a href="https://a.example/{id}">more</a></p>',
    )
    remove_all()
    assert json.loads(message(row["id"])["fields"]) == {"id": "7"}
    assert mail.link_target(row["id"], 0) == "https://a.example/7"


@pytest.mark.parametrize("text", ["Plain {name}", "<p>Dear {name}</p>"])
def test_without_links_no_field_stays(ended, text):
    (row,), _ = ended({"name": "Ann"}, text=text)
    remove_all()
    assert message(row["id"])["fields"] is None and message(row["id"])["text"].startswith("[text removed")


def test_a_mail_whose_batch_has_lost_its_text_is_never_sent_again(ended):
    """The batch's text may go a little before its messages are told."""
    (row,), _ = ended({"name": "Ann"}, status="failed")
    write(lambda tx: tx.execute("UPDATE batches SET text = ?", (REMOVED + "<a href={link}>",)) and None)
    with pytest.raises(NotRetryable, match="no longer kept"):
        actions.retry(*named(message(row["id"])), channel="email", actor=ACTOR)


PIECES = [
    "<p>",
    "</p>",
    '<a href="https://a.example/{x}">',
    "<a href='{y}'>",
    "<a href={y}>",
    "</a>",
    "{x}",
    "{y}",
    '<area href="http://b.example">',
    '<img src="{x}">',
    '<a class="{x}" href="https://c.example">',
    "<!-- {x} -->",
    '<!-- <a href="https://d.example"> -->',
    "<style>a{color:red}</style>",
    "<title>{x}</title>",
    "<{x}",
    "<a{x}",
    "<",
    ">",
    "<b {x}>",
    '"',
    "'",
    " ",
    "<!--{x}>",
    '<a title="> {x}" href="//e.example">',
    "mailto:",
]
VALUES = st.sampled_from(
    [
        "",
        "v",
        "a b",
        "a",
        "<a href=http://evil.example>",
        '"',
        "'",
        ">",
        "--",
        "http://v.example/",
        "/",
        "https://w.example/?a=1&b=2",
        "x>y",
        "a href=http://z.example ",
    ]
)


@given(st.lists(st.sampled_from(PIECES), max_size=14), VALUES, VALUES)
def test_links_are_the_same_without_the_words_whatever_the_text_and_the_fields(pieces, x, y):
    written = Written("".join(pieces), SINGLE)
    tags = link_tags(written.text)
    if tags or not markup.links(fill(written, {"x": x, "y": y}, "html")):
        assert markup.links(fill(Written(tags, SINGLE), {"x": x, "y": y}, "html")) == (
            markup.links(fill(written, {"x": x, "y": y}, "html"))
        )


# -- bounds ---------------------------------------------------------------------


@pytest.mark.parametrize("style", [SINGLE, DOUBLE])
def test_a_mail_is_refused_before_it_is_as_long_as_its_fields_would_make_it(account, style):
    name = "{x}" if style == SINGLE else "{{x}}"
    with pytest.raises(TextTooLong, match="more than 2,097,152 characters"):
        sent(account, name * 100, {"x": "v" * 500_000}, placeholders=style)
    assert query("SELECT count(*) FROM batches")[0][0] == 0
    (row,) = sent(account, name * 4, {"x": "v" * 500_000}, placeholders=style)
    assert text_of(row) == "v" * 2_000_000


def test_what_escaping_adds_counts(account):
    with pytest.raises(TextTooLong):
        sent(account, "<p>{x}</p>", {"x": "'" * 500_000})
    (row,) = sent(account, "{x}", {"x": "'" * 500_000})
    assert text_of(row) == "'" * 500_000


def test_a_subject_stays_a_line(account):
    with pytest.raises(TextTooLong, match="more than 998 characters"):
        sent(account, "Hello", {"name": "v" * 999})


@pytest.mark.parametrize("fill_in", [render, render_single])
def test_a_message_is_refused_before_it_is_put_together(context, fill_in):
    wallet = make_wallet("10", "SMS", is_sandbox=True)
    text = ("{x}" if fill_in is render_single else "{{x}}") * 100
    composer = Composer(get_account(wallet.account_id), wallet, text, render=fill_in, max_segments=None)
    (planned,) = composer.plan([Addressee("0", Phone("+256700000001", "UG"), {"x": "v" * 390})])
    assert len(planned.text) == 39_000 <= LONGEST  # type: ignore[union-attr]
    with pytest.raises(TextTooLong, match="more than 39,015 characters"):
        list(composer.plan([Addressee("0", Phone("+256700000001", "UG"), {"x": "v" * 500_000})]))


@pytest.mark.parametrize("fill_in", [render, render_single])
def test_a_text_names_so_many_fields(context, fill_in):
    wallet = make_wallet("10", "SMS", is_sandbox=True)
    name = "{x}" if fill_in is render_single else "{{x}}"
    Composer(get_account(wallet.account_id), wallet, name * MOST_PLACEHOLDERS, render=fill_in)
    with pytest.raises(InvalidInput, match="more than 1,000 fields"):
        Composer(get_account(wallet.account_id), wallet, name * (MOST_PLACEHOLDERS + 1), render=fill_in)


def test_what_all_readers_fields_take_together_is_bounded(account, monkeypatch):
    monkeypatch.setattr(mail, "STORED_A_SEND", 5000)
    sent(account, "{x}", *({"x": "v" * 900} for _ in range(5)))
    with pytest.raises(InvalidInput, match="send to fewer at a time"):
        sent(account, "{x}", *({"x": "v" * 900} for _ in range(6)))
    assert query("SELECT count(*) FROM batches")[0][0] == 1


def test_large_fields_are_written_in_small_transactions(account, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK_CHARACTERS", 1000)
    monkeypatch.setattr(send, "CHUNK_CHARACTERS", 1000)
    chunks: list[int] = []
    write_chunk = bulk._write_chunk

    def counting(batch_id: int, rows: list, *common, **options) -> int:
        chunks.append(len(rows))
        return write_chunk(batch_id, rows, *common, **options)

    monkeypatch.setattr(bulk, "_write_chunk", counting)
    rows = sent(account, "{x}", *({"x": str(number) * 400} for number in range(9)))
    assert chunks == [3, 3, 3]
    assert [text_of(row) for row in rows] == [str(number) * 400 for number in range(9)]
