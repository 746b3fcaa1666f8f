"""An SMSC as cheap as Python makes it, in a process of its own: takes all, and brings a receipt of each after a while.

It tells its port, then at every line that it reads how many messages it has had, and when the last one came (monotonic seconds).
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import subprocess
import sys
import time
from types import TracebackType
from typing import NamedTuple

HEADER = struct.Struct(">IIII")
RESPONSE = 0x80000000
SUBMIT_SM, DELIVER_SM, UNBIND = 0x04, 0x05, 0x06


def destination(data: bytes, body: int) -> bytes:
    """Of a submit_sm whose body begins there: service type, the sender's type, plan and address, then this one's."""
    sender = data.index(b"\0", body) + 3
    phone = data.index(b"\0", sender) + 3
    return data[phone : data.index(b"\0", phone)]


class Sink(asyncio.Protocol):
    numbers = itertools.count(100_000_000)
    receipts = taken = 0
    last_at = 0.0

    def __init__(self, delay: float):
        self.delay = delay
        self.unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.unread + data
        at, answers, taken = 0, [], []
        while len(data) - at >= 16:
            length, command, _, sequence = HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            if command == SUBMIT_SM:
                number = b"%d\0" % next(self.numbers)
                answers.append(HEADER.pack(16 + len(number), command | RESPONSE, 0, sequence) + number)
                taken.append((number, destination(data, at + 16)))
            elif not command & RESPONSE:
                body = b"sink\0" if command in (1, 2, 9) else b""
                answers.append(HEADER.pack(16 + len(body), command | RESPONSE, 0, sequence) + body)
            at += length
        self.unread = data[at:]
        self.transport.write(b"".join(answers))
        if taken:
            Sink.taken += len(taken)
            Sink.last_at = time.monotonic()
            asyncio.get_running_loop().call_later(self.delay, self.bring, taken)

    def bring(self, taken: list[tuple[bytes, bytes]]) -> None:
        pdus = []
        for number, phone in taken:
            text = b"id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:" % number[:-1]
            body = b"\0\x01\x01" + phone + b"\0\x01\x01wesend\0\x04\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text
            Sink.receipts += 1
            pdus.append(HEADER.pack(16 + len(body), DELIVER_SM, 0, Sink.receipts) + body)
        self.transport.write(b"".join(pdus))


async def main(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(Sink.taken, Sink.last_at, flush=True)


class Taken(NamedTuple):
    """How many messages there were; when the last one came, in monotonic seconds."""

    messages: int
    last_at: float


class SmscSink:
    """``with SmscSink(0.2) as sink``: the process; receipts come so many seconds after their messages."""

    def __init__(self, delay: float):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.port = int(self._told())

    def __enter__(self) -> SmscSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def taken(self) -> Taken:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        messages, last_at = self._told().split()
        return Taken(int(messages), float(last_at))

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
