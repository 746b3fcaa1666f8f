"""kill -9 while codes are sent and answers are checked: nothing is paid without its verification, and nothing is half."""

from __future__ import annotations

import random
import threading
import time

import requests

from ..support.forked import ForkedServer
from ..support.verify import MASK

KEY = {"Authorization": "Bearer esms_test_sandbox0000000000000000000000000"}
ROUNDS = 4
WITHOUT_ITS_VERIFICATION = """
    SELECT count(*) FROM messages m JOIN batches b ON b.id = m.batch_id
    WHERE b.confidential = 1 AND NOT EXISTS (SELECT 1 FROM verification_sends s WHERE s.message_id = m.id)
"""
WITHOUT_ITS_MESSAGE = """
    SELECT count(*) FROM verifications v
    WHERE NOT EXISTS (SELECT 1 FROM verification_sends s WHERE s.verification_id = v.id AND s.message_id = v.message_id)
"""
TWICE_PENDING = """
    SELECT count(*) FROM (
        SELECT phone FROM verifications WHERE status = 'pending' GROUP BY account_id, side, phone, sender HAVING count(*) > 1
    ) AS twice
"""


def keep_asking(url: str, over: threading.Event) -> None:
    chance = random.Random(threading.get_ident())
    while not over.is_set():
        to = f"+2567720004{chance.randrange(20):02d}"
        try:
            begun = requests.post(f"{url}/api/verify/start", json={"to": to}, headers=KEY, timeout=5).json()
            answer = {"to": to, "code": chance.choice([begun["sandbox_code"], "no"])}
            requests.post(f"{url}/v1/verify/check", json=answer, headers=KEY, timeout=5)
            requests.post(f"{url}/api/verify/{begun['verification_id']}/resend", headers=KEY, timeout=5)
        except (requests.RequestException, KeyError, ValueError):
            time.sleep(0.02)


def test_a_killed_server_leaves_every_verification_whole(copy_instance, tmp_path):
    server = ForkedServer(copy_instance(tmp_path / "instance"), WESEND_WORKERS="2", WESEND_SANDBOX_DELAY="0")
    (tmp_path / "instance").chmod(0o700)
    with server:
        for _ in range(ROUNDS):
            over = threading.Event()
            asking = [threading.Thread(target=keep_asking, args=(server.url, over)) for _ in range(8)]
            for thread in asking:
                thread.start()
            time.sleep(random.uniform(0.4, 1.0))
            server.kill()
            over.set()
            for thread in asking:
                thread.join()
            server.start()
        for sql in (WITHOUT_ITS_VERIFICATION, WITHOUT_ITS_MESSAGE, TWICE_PENDING):
            assert server.query(sql) == [(0,)], sql
        assert server.query("SELECT count(*) FROM verifications")[0][0] > 20, "something was under way"
        texts = server.query("SELECT DISTINCT substr(text, 1, 6) FROM messages WHERE recipient LIKE '+2567720004%'")
        assert texts == [(MASK,)]
        assert server.command("audit")["ok"]
