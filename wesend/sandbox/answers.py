"""Lists that `/sandbox/…` answers with, at once or as soon as there is something."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from flask import Response

from ..core import thread_slots
from ..core.thread_slots import LONG_POLLS

LOOK_EVERY = 0.1


def as_json(found: dict) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def answer_list(name: str, found: list[bytes]) -> Response:
    """What was found, as it lies there: lists of mails have some megabytes, and are not put together once more."""
    pieces = [piece for one in found for piece in (b",", one)][1:]
    answer = Response([b'{"%s":[' % name.encode(), *pieces, b"]}\n"], content_type="application/json")
    answer.content_length = sum(map(len, answer.response))
    return answer


def wait_until(name: str, look: Callable[[], list[bytes]], deadline: float) -> Response:
    """What is found, as soon as there is something, or what there is at ``deadline`` (monotonic seconds)."""
    found = look()
    if found or time.monotonic() >= deadline:
        return answer_list(name, found)
    with thread_slots.here().taken({LONG_POLLS}) as taken:
        if not taken:
            answer = answer_list(name, found)
            answer.headers["Retry-After"] = "1"
            return answer
        while not (found := look()) and time.monotonic() < deadline:
            time.sleep(min(LOOK_EVERY, max(deadline - time.monotonic(), 0)))
    return answer_list(name, found)
