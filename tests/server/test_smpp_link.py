"""An SMSC that can't be bound to is told by doctor and the list of gateways before anything was sent over it."""

from __future__ import annotations

from tests.support.forked import ForkedServer
from tests.support.server import Server, free_port
from tests.support.smsc_smpp34 import Smpp34Smsc


def gateway_findings(server: Server) -> dict[str, str]:
    return {check["detail"]: check["state"] for check in server.command("doctor")["checks"] if check["check"].startswith("Gateway")}


def test_doctor_tells_of_an_smsc_that_refuses_connections_and_of_one_that_takes_them(new_instance):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        server.command(
            "gateway",
            "set",
            "mno",
            "--type",
            "smpp",
            "--option",
            "host=127.0.0.1",
            "--option",
            f"port={free_port()}",
            "--option",
            "system_id=wesend",
            "--secret",
            "password=secret",
        )
        server.wait_until(lambda: "warning" in gateway_findings(server).values(), 20, "doctor says that all is well")
        (detail,) = gateway_findings(server)
        assert detail.startswith("mno is not connected since") and "refused" in detail
        listed = {one["name"]: one for one in server.command("gateway", "list")["gateways"]}
        assert listed["mno"]["ok"] is False
        smsc = Smpp34Smsc().start()
        try:
            server.command(
                "gateway",
                "set",
                "mno",
                "--type",
                "smpp",
                "--option",
                "host=127.0.0.1",
                "--option",
                f"port={smsc.port}",
                "--option",
                "system_id=wesend",
                "--secret",
                "password=secret",
            )
            server.wait_until(lambda: gateway_findings(server) == {"mno": "ok"}, 20, "doctor does not see that it is bound")
        finally:
            smsc.stop()
            smsc.close()
        server.wait_until(lambda: "warning" in gateway_findings(server).values(), 20, "doctor does not see that it is gone")
