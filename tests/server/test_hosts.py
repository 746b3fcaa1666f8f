"""`wesend host list` on one machine: the server that runs."""

from __future__ import annotations

from tests.support.forked import ForkedServer


def test_the_server_that_runs_and_its_jobs(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        server.wait_until(lambda: server.command("host", "list")["hosts"][0]["runs_jobs"], 30, "nobody runs the jobs")
        (host,) = server.command("host", "list")["hosts"]
        assert list(host) == ["host", "pid", "version", "since", "last_seen", "runs_jobs"]
        assert host["host"].endswith(f":{server.port}") and host["pid"] == server.process.pid
        assert host["version"] and host["since"] <= host["last_seen"] and host["since"].endswith("Z")
        server.stop()
        assert server.command("host", "list") == {"hosts": []}
