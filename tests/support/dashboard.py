"""Somebody at the dashboard, without a browser: signed in, with the CSRF token that every form needs."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.test import TestResponse

from wesend.accounts import sessions, sign_in, users
from wesend.accounts.roles import OPERATOR, User

PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def make_user(app: Flask, role: str = OPERATOR, account_id: int | None = None, email: str | None = None) -> User:
    """A user without a password, which would cost 200 ms; ``give_password`` for tests of signing in."""
    with app.app_context():
        return users.create_user(email or f"{role}{account_id or ''}@example.com", role, account_id, actor="test")


def give_password(app: Flask, user: User, password: str = PASSWORD) -> User:
    with app.app_context():
        return sign_in.redeem_link(sign_in.issue_link(user, actor="test"), password)


class Visitor:
    """``visitor.get("/keys")``; ``visitor.post("/keys", name="x")`` sends the token of the page before it.

    Nobody is signed in when ``user`` is None.
    """

    def __init__(self, app: Flask, user: User | None = None):
        self.app, self.user = app, user
        self.client = app.test_client()
        self.token = ""
        if user is not None:
            with app.app_context():
                # remembered: tests that move the clock are not about signing in
                token, _ = sessions.begin(user, address="127.0.0.1", user_agent="tests", is_remembered=True)
            with self.client.session_transaction() as session:
                session["_user_id"], session["_fresh"] = token, True

    def get(self, path: str, **options) -> TestResponse:
        return self._open(path, method="GET", **options)

    def post(self, path: str, /, *, files: dict | None = None, token: str | None = None, **fields) -> TestResponse:
        if token is None and not self.token:
            self.get("/password" if self.user else "/sign-in")
        return self._open(path, method="POST", data={"csrf_token": token or self.token, **fields, **(files or {})})

    def follow(self, path: str, /, **fields) -> TestResponse:
        """Post, and the page that it leads to."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])

    def pick(self, account_id: int) -> Visitor:
        """An operator looks at an account."""
        assert self.post("/operator/accounts/pick", account_id=account_id).status_code == 303
        self.get("/password")  # the forms of the account before are of no use any more
        return self

    def _open(self, path: str, **options) -> TestResponse:
        with self.app.app_context():  # of its own: what a request keeps in ``g`` must not reach the next
            answer = self.client.open(path, **options)
        answer.get_data()
        answer.close()
        found = TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.token = found[1]
        return answer


def text_of(answer: TestResponse) -> str:
    """What a page says, without its marks and with single spaces."""
    body = re.sub(r"<(script|style|svg|template)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())
