"""Wesendall's API over HTTP, from one thread or from many at once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .apis import basic
from .connections import kept
from .published import CREDENTIALS, WALLETS
from .server import Server


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def data(self) -> dict[str, Any]:
        return self.body["data"]


class Customer(NamedTuple):
    """A key and the wallet that it pays from."""

    key: str
    secret: str
    wallet: str


PUBLISHED = Customer(CREDENTIALS["wesendall"].public or "", CREDENTIALS["wesendall"].secret, WALLETS["wesendall"][0])
"""The sandbox account's."""


def new_customer(server: Server, balance: str, *, account: int | None = None) -> Customer:
    """A sandbox wallet with a balance and a live key for it, made as an operator would."""
    owner = str(account or server.command("account", "create", "Storm")["account_id"])
    wallet = server.command("wallet", "create", "--account", owner, "--currency", "UGX", "--sandbox")["wallet_id"]
    server.command("wallet", "credit", wallet, balance)
    key = server.command("key", "create", "--account", owner, "--wallet", wallet, "--api", "wesendall")
    return Customer(key["api_key"], key["api_secret"], wallet)


class Wire:
    """One thread's kept-alive connection. A broken one raises OSError or HTTPException; the next call reconnects."""

    def __init__(self, port: int, customer: Customer = PUBLISHED, *, timeout: float = 60):
        self.customer = customer
        self.connection = kept(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))
        self.headers = {"Authorization": basic(customer.key, customer.secret), "Content-Type": "application/json"}

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """The next call opens a new connection."""
        self.connection.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        try:
            self.connection.request(
                method, "/api/v1" + path, None if body is None else json.dumps(body), {**self.headers, **headers}
            )
            response = self.connection.getresponse()
            return Answer(response.status, json.loads(response.read() or b"{}"), dict(response.getheaders()))
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise

    def send(self, recipient: str | list[str], message: str = "Hello", key: str | None = None) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.call(
            "POST", "/sms/send", {"walletId": self.customer.wallet, "message": message, "recipient": recipient}, **headers
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.call("GET", f"{path}?{urlencode({'walletId': self.customer.wallet, **query})}")
        assert answer.status == 200, answer
        return answer.data

    def balance(self) -> float:
        return self.get("/account/balance")["balance"]

    def history(self) -> list[dict[str, Any]]:
        """Every message of the wallet, newest first."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get("/sms/history", per_page=100, page=len(found) // 100 + 1)
            found += page["messages"]
            if page["pagination"]["current_page"] >= page["pagination"]["last_page"]:
                return found


def at_once(port: int, customer: Customer, calls: Iterable[Callable[[Wire], Answer]], threads: int = 32) -> list[Answer]:
    """Carry out the calls from many threads that start together; their answers in the calls' order."""
    numbered = list(enumerate(calls))
    barrier = threading.Barrier(threads)

    def run(share: list[tuple[int, Callable[[Wire], Answer]]]) -> list[tuple[int, Answer]]:
        with Wire(port, customer) as wire:
            barrier.wait(30)
            return [(number, call(wire)) for number, call in share]

    with ThreadPoolExecutor(threads) as pool:
        done = pool.map(run, [numbered[start::threads] for start in range(threads)])
        return [answer for _, answer in sorted((pair for share in done for pair in share), key=lambda pair: pair[0])]
