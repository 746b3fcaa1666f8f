"""The cURL commands of World Ledgers' reference, run as they stand: only base URL and key are replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from ..support.published import CREDENTIALS

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

BALANCE = r"""
curl "https://www.worldledgers.com/api/v1/communication/sms-credits/balance" \
  -H "X-API-Key: wl_comm_your_api_key_here"
"""
SEND = r"""
curl -X POST "https://www.worldledgers.com/api/v1/communication/sms" \
  -H "Content-Type: application/json" \
  -H "X-API-Key: wl_comm_your_api_key_here" \
  -d '{
    "message": "Hello {name}, your payment is due.",
    "recipients": ["254712345678"],
    "reference": "demo-001"
  }'
"""


@pytest.fixture
def url(app) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(command: str, url: str) -> dict:
    command = (
        command.strip()
        .replace("https://www.worldledgers.com", url)
        .replace("wl_comm_your_api_key_here", CREDENTIALS["worldledgers"].secret)
    )
    done = subprocess.run(
        ["sh", "-c", command.replace("curl ", "curl -s --max-time 60 ", 1)], capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_balance(url):
    assert run(BALANCE, url) == {
        "status": "success",
        "data": {"sms_credits": 10000, "sms_rate": 1.8, "currency": "KES", "sandbox": True},
    }


def test_the_send_and_what_was_caught_of_it(url, client, jobs):
    answer = run(SEND, url)
    assert (answer["status"], answer["message"]) == ("success", "SMS scheduled successfully.")
    assert answer["data"]["blast_id"].startswith("SMS-")
    assert (answer["data"]["scheduled"], answer["data"]["skipped"], answer["data"]["reference"]) == (1, [], "demo-001")
    jobs.dispatch()
    [caught] = client.get("/sandbox/messages", query_string={"to": "254712345678"}).json["messages"]
    assert caught["text"] == "Hello Chebet, your payment is due."
