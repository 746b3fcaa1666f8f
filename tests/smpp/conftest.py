"""One server for the tests of a module, with a customer of its own on the sandbox's side of money that is worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.forked import ForkedServer
from tests.support.server import free_port
from tests.support.smpp_client import TRANSCEIVER, Client
from tests.support.smsc_smpp34 import Smpp34Smsc


class SmppServer(ForkedServer):
    """``smpp_port`` beside the port of HTTP."""

    def __init__(self, instance: Path, **environment: str):
        self.smpp_port = free_port()
        given = {"WESEND_SMPP_PORT": str(self.smpp_port), "WESEND_SANDBOX_DELAY": "0", "WESEND_SANDBOX": "1"}
        super().__init__(instance, **{**given, **environment})

    def customer(self, balance: str = "100000", *, is_sandbox: bool = True) -> dict:
        """An account with a wallet; ids of both."""
        account_id = self.command("account", "create", "Customer", "--countries", "all")["account_id"]
        side = ("--sandbox",) if is_sandbox else ()
        wallet_id = self.command("wallet", "create", "--account", str(account_id), "--currency", "UGX", *side)["wallet_id"]
        self.command("wallet", "credit", wallet_id, balance)
        return {"account_id": account_id, "wallet_id": wallet_id}

    def key(self, customer: dict, *options: str) -> dict:
        return self.command(
            "key", "create", "--account", str(customer["account_id"]), "--wallet", customer["wallet_id"], "--api", "smpp", *options
        )

    def client(self) -> Client:
        return Client(self.smpp_port)

    def bound(self, key: dict, mode: int = TRANSCEIVER, version: int = 0x34) -> Client:
        client = self.client()
        try:
            return client.bind(key, mode, version)
        except BaseException:
            client.socket.close()
            raise

    def balance(self, customer: dict) -> str:
        return self.command("wallet", "show", customer["wallet_id"])["balance"]


@pytest.fixture(scope="module")
def smsc():
    """An SMSC of somebody else's making, for a live gateway."""
    smsc = Smpp34Smsc().start()
    yield smsc
    smsc.stop()
    smsc.close()


@pytest.fixture(scope="module")
def new_instance(copy_instance, tmp_path_factory) -> Callable[[], Path]:
    def make() -> Path:
        folder = copy_instance(tmp_path_factory.mktemp("smpp") / "instance")
        folder.chmod(0o700)
        return folder

    return make


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[SmppServer]:
    with SmppServer(new_instance()) as server:
        yield server


@pytest.fixture(scope="module")
def customer(server) -> dict:
    return server.customer()


@pytest.fixture(scope="module")
def key(server, customer) -> dict:
    return server.key(customer, "--binds", "20", "--tps", "1000")


@pytest.fixture
def client(server, key) -> Iterator[Client]:
    with server.bound(key) as client:
        yield client
