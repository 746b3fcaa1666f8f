"""The first operator at the dashboard of a running server, without a browser."""

from __future__ import annotations

import requests

from .connections import browser
from .dashboard import PASSWORD, TOKEN


class SignedIn:
    """Sets the first password by the link that `wesend up` tells; pages as text."""

    def __init__(self, url: str, link: str):
        self.url, self.session, self.token = url, browser(), ""
        self.get(link)
        self.post(link, email="boss@example.com", password=PASSWORD)

    def get(self, path: str) -> str:
        return self._seen(self.session.get(self.url + path, timeout=30))

    def post(self, path: str, **fields) -> str:
        """Send a form with the token of the page before; the page that it leads to."""
        return self._seen(self.session.post(self.url + path, data={"csrf_token": self.token, **fields}, timeout=30))

    def pick(self, account_id: int) -> None:
        """Look at an account."""
        self.post("/operator/accounts/pick", account_id=account_id)

    def _seen(self, answer: requests.Response) -> str:
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code}"
        found = TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
        return answer.text
