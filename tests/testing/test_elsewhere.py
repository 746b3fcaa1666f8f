"""`wesend wait` and `wesend listen` with `--url`: of a sandbox elsewhere, by its calls alone; and `listen`'s own secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from wesend.testing.server import credentials_of, serving

from ..support.apis import basic

ANN = "+256712345678"


class Sandbox:
    def __init__(self, url: str, instance: str):
        self.url, self.instance = url, instance
        self.keys = credentials_of(instance, url)["wesendall"]

    def send(self, namespace: str, text: str = "Hello", headers: dict[str, str] | None = None) -> None:
        headers = {
            **(headers or {}),
            "Authorization": basic(str(self.keys["api_key"]), str(self.keys["api_secret"])),
            "X-Sandbox-Namespace": namespace,
        }
        body = {"walletId": self.keys["wallet_id"], "recipient": ANN, "message": text}
        assert requests.post(f"{self.url}/api/v1/sms/send", json=body, headers=headers, timeout=30).status_code == 200

    def events(self, namespace: str) -> list[dict]:
        asked = {"namespace": namespace, "wait": "10"}
        return requests.get(f"{self.url}/sandbox/events", params=asked, timeout=30).json()["events"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as (url, instance):
        yield Sandbox(url, instance)


def start(instance: str | Path, *arguments: str) -> subprocess.Popen[str]:
    """A command on an instance; its output in its pipes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
    command = [sys.executable, "-m", "wesend.cli", *arguments]
    return subprocess.Popen(
        command,
        env={**environment, "WESEND_INSTANCE": str(instance)},
        cwd=instance,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_listen_hears_of_a_namespace_from_now_on(sandbox, tmp_path):
    sandbox.send("heard", "before")
    assert sandbox.events("heard")
    listening = start(tmp_path, "listen", "--url", sandbox.url, "--namespace", "heard", "--count", "1", "--json")
    end = time.monotonic() + 30
    while listening.poll() is None and time.monotonic() < end:  # until it listens, and hears one
        sandbox.send("other", "not for it")
        sandbox.send("heard", "after")
        time.sleep(0.5)
    code, told = ended(listening)
    event = json.loads(told.splitlines()[0])
    assert code == 0 and event["event"] == "sms.delivered"
    every = [json.loads(one["body"])["message_id"] for one in sandbox.events("heard")]
    assert event["payload"]["message_id"] in every[1:]


def test_wait_finds_what_was_sent_in_a_namespace(sandbox, tmp_path):
    sandbox.send("waited", "Your code is 4711")
    asked = ("wait", "--url", sandbox.url, "--to", ANN, "--extract", r"code is (\d+)", "--timeout")
    assert ended(start(tmp_path, *asked, "10", "--namespace", "waited")) == (0, "4711\n")
    code, told = ended(start(tmp_path, *asked, "0.2", "--namespace", "nobodys"))
    assert code == 1 and ANN in told
    code, told = ended(start(tmp_path, *asked, "0.2", "--namespace", "waited", "--since", "now"))
    assert code == 1 and ANN in told


def test_listen_keeps_its_secret_until_it_is_told_to_make_another(sandbox):
    def secrets_of(*more: str) -> set[str]:
        listening = start(sandbox.instance, "listen", "--format", "wesendall", "--count", "1", *more)
        end = time.monotonic() + 30
        while listening.poll() is None and time.monotonic() < end:
            sandbox.send("signed")
            time.sleep(0.5)
        code, told = ended(listening)
        assert code == 0, told
        return {word for word in told.split() if word.startswith("whsec_")}

    first = secrets_of()
    assert len(first) == 1 and secrets_of() == first
    second = secrets_of("--new-secret")
    assert len(second) == 1 and second != first and secrets_of() == second


def test_a_call_is_in_the_log_as_soon_as_it_is_answered_whoever_answered_it(sandbox):
    """Two processes share the port, and each writes down a moment later what it has answered."""
    for number in range(12):
        request_id = f"call-{number}"
        sandbox.send("logged", headers={"X-Request-Id": request_id})
        (newest,) = requests.get(f"{sandbox.url}/sandbox/requests?limit=1", timeout=30).json()["requests"]
        assert newest["request_id"] == request_id
