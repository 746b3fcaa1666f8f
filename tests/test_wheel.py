"""The wheel is whole: built, installed into a fresh environment, it serves in an empty folder and sends a message."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import PROJECT, free_port

SOURCES = ("wesend", "migrations", "pyproject.toml", "setup.py", "README.md", "LICENSE")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("WESEND_", "PYTHON"))}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A fresh environment with the wheel in it. Its dependencies are those of the tests: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copyfile
        copy(PROJECT / name, source / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)
    made = folder / "environment"
    run(sys.executable, "-m", "venv", made)
    packages = next((made / "lib").glob("python*/site-packages"))
    # As a plain path: the editable wesend of the tests' own environment is not seen through it.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(made / "bin" / "pip", "install", "--no-deps", "--no-index", "--ignore-installed", *folder.glob("*.whl"))
    shutil.rmtree(source)
    return made


def run(*command, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def served(environment: Path, tmp_path: Path) -> Iterator[dict]:
    """What `wesend up` tells that was started in an empty folder."""
    port = str(free_port())
    command = [str(environment / "bin" / "wesend"), "up", "--port", port, "--json"]
    server = subprocess.Popen(command, cwd=tmp_path, env=CLEAN, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()


def test_an_installed_wheel_serves_in_an_empty_folder_and_sends_a_message(environment, served, tmp_path):
    assert served["instance"] == str(tmp_path / "instance")
    shown = json.loads(run(environment / "bin" / "wesend", "sandbox", "--json", cwd=tmp_path))
    assert shown["base_url"] == served["url"]
    sent = json.loads(run(environment / "bin" / "wesend", "send", "0712345678", "From a wheel", "--json", cwd=tmp_path))
    assert sent["status"] in ("sent", "delivered", "submitted")
    with urllib.request.urlopen(f"{served['url']}/sandbox/messages?to=0712345678&wait=5") as answer:
        caught = json.load(answer)
    assert [message["text"] for message in caught["messages"]] == ["From a wheel"]
    for path in ("/docs", "/docs/openapi/esms.json", "/sign-in", "/assets/app.css", "/healthz"):
        assert wait_for(f"{served['url']}{path}") == 200, path


def wait_for(url: str) -> int:
    """The status of an address; healthz needs a moment until the jobs run."""
    for _ in range(50):
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 503:
                return error.code
            time.sleep(0.1)
    return 503


def test_its_data_lies_in_the_current_folder_and_nothing_of_it_among_the_packages(environment, served, tmp_path):
    assert (tmp_path / "instance" / "wesend.db").exists()
    packages = next((environment / "lib").glob("python*/site-packages"))
    assert not (packages / "instance").exists() and not (packages / "migrations").exists()
    assert sorted(path.name for path in (packages / "wesend" / "migrations" / "versions").glob("*.py")) == sorted(
        path.name for path in (PROJECT / "migrations" / "versions").glob("*.py")
    )


def test_the_wheel_has_everything_that_the_clone_has(environment):
    packages = next((environment / "lib").glob("python*/site-packages"))
    wanted = {
        path.relative_to(PROJECT) for path in (PROJECT / "wesend").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path for path in wanted if not (packages / path).exists()} == set()


def test_data_beside_app_py_of_an_earlier_version_is_found_from_any_folder(tmp_path, monkeypatch):
    from wesend.core import settings

    monkeypatch.setattr(settings, "PROJECT", tmp_path / "opt")
    (tmp_path / "opt" / "instance").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert settings.instance_folder({}) == tmp_path / "instance"
    (tmp_path / "opt" / "instance" / "wesend.db").touch()
    assert settings.instance_folder({}) == tmp_path / "opt" / "instance"
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "wesend.db").touch()
    assert settings.instance_folder({}) == tmp_path / "instance"
    assert settings.instance_folder({"WESEND_INSTANCE": "/data"}) == Path("/data")
