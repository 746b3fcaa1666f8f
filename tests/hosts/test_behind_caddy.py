"""Two hosts behind Caddy, by the words of docs/scaling.md and compose.yaml: when one dies, requests go to the other."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import yaml  # type: ignore[import-untyped]

from tests.support.cluster import Cluster, HostServer
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


class Caddy:
    """As documented, in front of a cluster's hosts."""

    def __init__(self, folder: Path, cluster: Cluster):
        port = free_port()
        self.url, self.log = f"http://127.0.0.1:{port}", folder / "caddy.log"
        text = caddyfiles()["documented"].replace("sms.example.org", self.url)
        for number, host in enumerate(cluster.hosts, 1):
            text = text.replace(f"host{number}:8000", f"127.0.0.1:{host.port}")
        file = folder / "Caddyfile"
        file.write_text("{\n    admin off\n    auto_https off\n}\n" + text)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        arguments = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        Server.wait_until(self.answers, 20, "caddy does not answer")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    @contextmanager
    def finds(self, words: str, host: HostServer) -> Iterator[None]:
        """Afterwards it has logged ``words`` of the host: it looks at the hosts' health every two seconds."""

        def times() -> int:
            return sum(words in line and f":{host.port}" in line for line in self.log.read_text().splitlines())

        before = times()
        yield
        Server.wait_until(lambda: times() > before, 20, f"caddy does not find {words!r}")


@pytest.fixture
def caddy_before(tmp_path: Path) -> Iterator[Callable[[Cluster], Caddy]]:
    if shutil.which("caddy") is None:
        pytest.skip("there is no caddy here")
    with ExitStack() as started:

        def start(cluster: Cluster) -> Caddy:
            caddy = Caddy(tmp_path, cluster)
            started.callback(caddy.stop)
            return caddy

        yield start


def test_a_host_that_died_is_left_out(cluster_of, caddy_before):
    cluster = cluster_of(2, WESEND_TRUSTED_PROXIES="127.0.0.0/8")
    first, second = cluster.hosts
    customer = new_customer(first, "10000")
    caddy = caddy_before(cluster)
    with Wire(int(caddy.url.rpartition(":")[2]), customer, timeout=15) as wire:
        assert {wire.send(f"+25677100000{index}").status for index in range(6)} == {200}
        with caddy.finds("HTTP request failed", first):
            first.kill()
        assert {wire.send(f"+25677100001{index}").status for index in range(8)} == {200}
        with caddy.finds("host is up", first):
            first.start()
        with caddy.finds("HTTP request failed", second):
            second.kill()
        assert {wire.send(f"+25677100002{index}").status for index in range(8)} == {200}
    assert cluster.query("SELECT count(*) FROM messages") == [(22,)]
