"""eSMS's published clients, as they come from their registries, against a started server by each of its prefixes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.forked import ForkedServer
from tests.support.published import CREDENTIALS

CALLS = Path(__file__).parent / "esms_clients"
PYTHON, NODE = "esms-sms==1.2.0", "esms-sms"
SAID = {
    "length": 4,
    "changed": "New shop",
    "wrong": "pending",
    "left": 4,
    "right": "approved",
    "twice": [409, "already_approved"],
    "canceled": "canceled",
    "listed": 1,
    "approved": 1,
    "rate_of": 100,
    "shown": "approved",
    "apps": 1,
    "one": "New shop",
    "gone": [404, "not_found"],
    "added": "api",
    "opt_outs": ["+256772345678"],
    "to_them": [403, "recipient_opted_out"],
    "removed": "removed",
    "rated": 1,
    "valid": True,
    "statuses": 1,
    "bulk": 1,
    "batch": "Hi Ann 1",
    "key": [401, "invalid_api_key"],
}


@pytest.fixture(params=["/api", "/v1"])
def base_url(request, new_instance):
    with ForkedServer(new_instance()) as server:
        yield server.url + request.param


def fetched(command: list[str], package: str) -> None:
    """Skips the test when a registry does not give a package."""
    got = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    if got.returncode:
        pytest.skip(f"{package} can't be had: {got.stderr.strip()[-200:]}")


@pytest.fixture(scope="module")
def python_client(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("python-client")
    fetched([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), PYTHON], PYTHON)
    return folder


@pytest.fixture(scope="module")
def node_client(tmp_path_factory) -> Path:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node-client")
    fetched([npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", NODE], NODE)
    return folder


def said(command: list[str], **options) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_python_client_verifies_and_keeps_opt_outs(base_url, python_client):
    environment = {**os.environ, "PYTHONPATH": str(python_client)}
    key = CREDENTIALS["esms"].secret
    assert said([sys.executable, str(CALLS / "calls.py"), base_url, key], env=environment) == SAID


def test_the_node_client_verifies_and_keeps_opt_outs(base_url, node_client):
    assert said(["node", str(CALLS / "calls.mjs"), base_url, CREDENTIALS["esms"].secret], cwd=node_client) == SAID
