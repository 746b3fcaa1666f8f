"""Africa's Talking in a process of its own: `python -m tests.support.vendor_server JOURNAL DELAY`. It prints its port.

Every number that it accepts is a line of the journal, with how many calls are open, written before it answers. With a
DELAY of ``hang`` it takes a call and never answers; with ``refuse`` it accepts no number at all.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

PROJECT = Path(__file__).resolve().parent.parent.parent
OPEN = {"now": 0}


def main(journal: str, delay: str) -> None:
    asyncio.run(_serve(Path(journal), delay))


async def _serve(journal: Path, delay: str) -> None:
    with journal.open("ab", buffering=0) as file:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while await _answer(reader, writer, file, delay):
                    pass
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # the client was killed
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        # It ends with whoever started it.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, journal, delay: str) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if head.startswith("get "):  # a question about a message
        await asyncio.sleep(float(delay))
        return await _say(writer, {"status": "Success"}, 200)
    length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
    form = parse_qs((await reader.readexactly(length)).decode())
    OPEN["now"] += 1
    try:
        numbers = form["to"][0].split(",")
        if delay == "refuse":
            return await _tell(
                writer,
                [{"statusCode": 403, "number": number, "status": "InvalidPhoneNumber", "messageId": "None"} for number in numbers],
            )
        journal.write("".join(f"{number} {OPEN['now']}\n" for number in numbers).encode())
        if delay == "hang":
            await reader.read()
            return False
        await asyncio.sleep(float(delay))
    finally:
        OPEN["now"] -= 1
    return await _tell(
        writer,
        [
            {"statusCode": 101, "number": number, "status": "Success", "cost": "KES 0.8", "messageId": "AT" + number}
            for number in numbers
        ],
    )


async def _tell(writer: asyncio.StreamWriter, recipients: list[dict]) -> bool:
    return await _say(writer, {"SMSMessageData": {"Message": "Sent", "Recipients": recipients}}, 201)


async def _say(writer: asyncio.StreamWriter, said: dict, status: int) -> bool:
    body = json.dumps(said).encode()
    writer.write(b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
    await writer.drain()
    return True


class VendorServer:
    """``with VendorServer(folder, delay="0.02") as vendor``: `url` to be called at, `accepted` as it wrote it down."""

    def __init__(self, folder: Path, delay: str = "0"):
        self.journal = folder / "vendor.journal"
        self.journal.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.vendor_server", str(self.journal), delay],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self) -> VendorServer:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _lines(self) -> list[list[str]]:
        return [line.split() for line in self.journal.read_text().splitlines()]

    def count(self) -> int:
        """How many numbers it took a message for."""
        return self.journal.read_bytes().count(b"\n")

    def accepted(self) -> list[str]:
        """Every number that it took a message for, in order."""
        return [number for number, _ in self._lines()]

    def most_at_once(self) -> int:
        """The most calls that were open together."""
        return max((int(open_calls) for _, open_calls in self._lines()), default=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
