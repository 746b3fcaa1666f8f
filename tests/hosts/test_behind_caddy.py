"""Two hosts behind Caddy, by the words of docs/scaling.md and compose.yaml: when one dies, requests go to the other."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import yaml  # type: ignore[import-untyped]

from tests.support.cluster import Cluster
from tests.support.server import PROJECT, Server, free_port
from tests.support.wire import Wire, new_customer


def caddyfiles() -> dict[str, str]:
    documented = re.search(r"```\n(sms\.example\.org \{.*?\n\})\n```", (PROJECT / "docs" / "scaling.md").read_text(), re.DOTALL)
    assert documented is not None
    composed = yaml.safe_load((PROJECT / "compose.yaml").read_text())["configs"]["caddyfile"]["content"]
    return {"documented": documented[1], "composed": re.sub(r"\$\{WESEND_BASE_URL:-(.*?)\}", r"\1", composed)}


def test_both_say_the_same():
    documented, composed = (" ".join(text.split()).partition("{")[2] for text in caddyfiles().values())
    assert documented == composed


def test_what_is_composed_names_what_there_is():
    composed = yaml.safe_load((PROJECT / "compose.yaml").read_text())
    services = composed["services"]
    assert set(services) == {"host1", "host2", "postgres", "caddy"}
    for host in ("host1", "host2"):
        given = services[host]["environment"]
        assert given["WESEND_DATABASE_URL"].startswith("postgresql://wesend:") and "WESEND_SECRET_KEY" in given
        assert services[host]["hostname"] == host and services[host]["volumes"] == [f"{host}:/data"]
    used = {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]}
    assert used == set(composed["volumes"])


@pytest.fixture
def caddy(tmp_path: Path) -> Callable[[Cluster], str]:
    if shutil.which("caddy") is None:
        pytest.skip("there is no caddy here")
    started: list[subprocess.Popen] = []

    def start(cluster: Cluster) -> str:
        port = free_port()
        text = caddyfiles()["documented"].replace("sms.example.org", f"http://127.0.0.1:{port}")
        for number, host in enumerate(cluster.hosts, 1):
            text = text.replace(f"host{number}:8000", f"127.0.0.1:{host.port}")
        file = tmp_path / "Caddyfile"
        file.write_text("{\n    admin off\n    auto_https off\n}\n" + text)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
        arguments = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
        with (tmp_path / "caddy.log").open("wb") as log:
            started.append(subprocess.Popen(arguments, env=environment, stdout=log, stderr=log))
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def test_a_host_that_died_is_left_out(cluster_of, caddy):
    cluster = cluster_of(2, WESEND_TRUSTED_PROXIES="127.0.0.0/8")
    customer = new_customer(cluster.hosts[0], "10000")
    url = caddy(cluster)
    Server.wait_until(lambda: answers(url), 20, "caddy does not answer")
    with Wire(int(url.rpartition(":")[2]), customer, timeout=15) as wire:
        assert {wire.send(f"+25677100000{index}").status for index in range(6)} == {200}
        cluster.hosts[0].kill()
        time.sleep(3)  # the next look at its health
        assert {wire.send(f"+25677100001{index}").status for index in range(8)} == {200}
        cluster.hosts[0].start()
        cluster.hosts[1].kill()
        time.sleep(3)
        assert {wire.send(f"+25677100002{index}").status for index in range(8)} == {200}
    assert cluster.query("SELECT count(*) FROM messages") == [(22,)]


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False
