"""Each Postman collection, run by newman against a started server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from ..support.forked import ForkedServer
from ..support.published import APIS
from ..support.server import Server

NEWMAN = ("npx", "--yes", "newman@6")


@pytest.fixture(scope="module")
def newman(tmp_path_factory) -> tuple[str, ...]:
    """The command; skipped where there is no node, or newman can't be had."""
    if shutil.which("npx") is None:
        pytest.skip("there is no node: npx is missing")
    try:
        done = subprocess.run(
            [*NEWMAN, "--version"],
            capture_output=True,
            text=True,
            timeout=180,
            cwd=tmp_path_factory.mktemp("npx"),
            env={**os.environ, "npm_config_fetch_retries": "0"},
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm gave no newman within 3 minutes")
    if done.returncode != 0:
        pytest.skip(f"npm gave no newman: {done.stderr.strip()[-300:]}")
    return NEWMAN


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("newman") / "instance"
    copy_instance(folder)
    folder.chmod(0o700)
    with ForkedServer(folder, WESEND_SANDBOX_DELAY="0") as started:
        yield started


@pytest.mark.parametrize("name", APIS)
def test_the_collection_runs_green_and_again(newman, server, tmp_path, name):
    """Twice: what a first run leaves behind is no obstacle."""
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *newman,
            "run",
            f"{server.url}/docs/postman/{name}.json",
            "--iteration-count",
            "2",
            "--bail",
            "--reporters",
            "cli,json",
            "--reporter-json-export",
            str(report),
            "--timeout-request",
            "30000",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    run = json.loads(report.read_text())["run"]
    assert run["failures"] == []
    assert run["stats"]["assertions"]["total"] >= 2 * sum(len(operation.examples) for *_, operation in APIS[name].document.calls())
