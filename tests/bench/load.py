"""A cheap load: `wrk` with a script made on the fly where it is installed, else threads over http.client."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.support.apis import basic
from tests.support.wire import PUBLISHED, Customer

FIRST, NUMBERS = 1_000_000, 8_000_000  # the last seven digits: none of them means anything to the sandbox

SCRIPT = """
local n = %(start)d
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "%(authorization)s"
request = function()
  n = n + 1
  local to = string.format("+25677%%07d", %(first)d + n %% %(numbers)d)
  return wrk.format(nil, "/api/v1/sms/send", nil,
    '{"walletId": "%(wallet)s", "recipient": "' .. to .. '", "message": "Hello from the bench"}')
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests": %%d, "micros": %%d, "p50": %%d, "p99": %%d, "errors": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout + e.status))
end
"""


class Load(NamedTuple):
    """What a round measured; ``requests`` in all, ``per_second``, milliseconds at the 50th and 99th percentile."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def summary(seconds_taken: list[float], seconds: float, *, errors: int) -> Load:
    ordered = sorted(seconds_taken) or [0.0]
    return Load(
        len(seconds_taken),
        len(seconds_taken) / seconds,
        1000 * ordered[len(ordered) // 2],
        1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
        errors,
    )


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def run(url: str, concurrency: int, seconds: float, *, wrk: bool, customer: Customer = PUBLISHED) -> Load:
    """Single sends to ``url`` over as many kept-alive connections, each as fast as it is answered; wrk knows whole seconds."""
    return (_wrk if wrk else _threads)(url, concurrency, seconds, customer)


def _wrk(url: str, concurrency: int, seconds: float, customer: Customer) -> Load:
    script = SCRIPT % {
        "start": random.randrange(NUMBERS),
        "first": FIRST,
        "numbers": NUMBERS,
        "wallet": customer.wallet,
        "authorization": basic(customer.key, customer.secret),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{concurrency}", f"-d{max(1, round(seconds))}s", "-s", file.name, url],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
        )
    if done.returncode:
        raise RuntimeError(f"wrk: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.rpartition("RESULT ")[2])
    return Load(
        found["requests"], found["requests"] / found["micros"] * 1e6, found["p50"] / 1000, found["p99"] / 1000, found["errors"]
    )


def _threads(url: str, concurrency: int, seconds: float, customer: Customer) -> Load:
    address = urlsplit(url)
    headers = {"Authorization": basic(customer.key, customer.secret), "Content-Type": "application/json"}
    taken: list[list[float]] = [[] for _ in range(concurrency)]
    errors: list[int] = []
    end = time.perf_counter() + seconds

    def work(own: list[float]) -> None:
        with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
            while (started := time.perf_counter()) < end:
                body = json.dumps(
                    {
                        "walletId": customer.wallet,
                        "message": "Hello from the bench",
                        "recipient": f"+25677{FIRST + random.randrange(NUMBERS):07d}",
                    }
                )
                connection.request("POST", "/api/v1/sms/send", body, headers)
                response = connection.getresponse()
                response.read()
                own.append(time.perf_counter() - started)
                if response.status != 200:
                    errors.append(response.status)

    with ThreadPoolExecutor(concurrency) as pool:
        for done in [pool.submit(work, own) for own in taken]:
            done.result()
    return summary([each for own in taken for each in own], seconds, errors=len(errors))
