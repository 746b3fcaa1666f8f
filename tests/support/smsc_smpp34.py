"""An SMSC on PyPI's `smpp34`, whose PDUs are read and written in Rust."""

from __future__ import annotations

import asyncio
import threading

import gsmcodecs  # noqa: F401 - registers the codec that texts are decoded with
import smpp34

from .server import free_port
from .smsc import ENOUGH, Arrived, Smsc

GSM = "gsm23.038"


class Smpp34Smsc(Smsc):
    """Its asyncio loop has a thread of its own. ``start`` again after ``stop`` serves on the same port."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smpp34", daemon=True)
        self._thread.start()
        self._sessions: dict[str, smpp34.Esme] = {}
        self._unanswered: list[smpp34.SubmitSmEvent] = []
        self._reading: asyncio.Task | None = None

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(ENOUGH)

    def start(self) -> Smpp34Smsc:
        self._run(self._start())
        return self

    async def _start(self) -> None:
        self._server = smpp34.Server("127.0.0.1", self.port, system_id="smpp34")
        await self._server.start()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self._sessions[event.session_id] = event
                self.binds.append(event.system_id)
            elif isinstance(event, smpp34.Unbound):
                self._sessions.pop(event.session_id, None)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._take(event)

    def _take(self, event: smpp34.SubmitSmEvent) -> None:
        status, message_id = self.decide()
        content = event.short_message
        for tlv in event.tlvs:
            if tlv.tag == smpp34.TLV_MESSAGE_PAYLOAD:
                content = bytes(tlv.value)
        udh = content[1 : content[0] + 1] if event.esm_class & 0x40 else b""
        body = content[len(udh) + 1 :] if udh else content
        text = body.decode({8: "utf-16-be", 4: "latin-1"}.get(event.data_coding, GSM))
        is_taken = status == 0 and not self.is_silent
        self.arrived.append(
            Arrived(
                message_id if is_taken else None,
                event.source_addr,
                event.source_addr_ton,
                event.destination_addr,
                event.dest_addr_ton,
                event.data_coding,
                event.registered_delivery,
                udh,
                text,
                event.session_id,
            )
        )
        if self.is_silent:
            self._unanswered.append(event)
        elif status:
            event.reject(status)
        else:
            event.accept(message_id)

    def deliver(
        self, source: str, content: bytes, *, esm_class: int = 4, data_coding: int = 0, tlvs: dict[int, bytes] | None = None
    ) -> int:
        """Bring a deliver_sm to the session that bound last; the status it is answered with."""
        return self._run(self._deliver(source, content, esm_class, data_coding, tlvs or {}))

    async def _deliver(self, source: str, content: bytes, esm_class: int, data_coding: int, tlvs: dict[int, bytes]) -> int:
        esme = list(self._sessions.values())[-1]
        answer = await esme.deliver_sm(
            "WESEND",
            content,
            source_addr=source,
            source_addr_ton=1,
            source_addr_npi=1,
            esm_class=esm_class,
            data_coding=data_coding,
            tlvs=[smpp34.Tlv(tag, value) for tag, value in tlvs.items()],
        )
        return answer.command_status

    def sessions(self) -> int:
        return len(self._sessions)

    def drop(self) -> None:
        """End all sessions by unbind: smpp34 has no ruder way."""
        self._run(self._drop())

    async def _drop(self) -> None:
        for esme in list(self._sessions.values()):
            await esme.unbind()

    def stop(self) -> None:
        self._run(self._stop())

    async def _stop(self) -> None:
        await self._server.stop()
        await self._drop()  # the server itself leaves them open
        if self._reading is not None:
            self._reading.cancel()
        self._sessions.clear()

    def close(self) -> None:
        self._unanswered.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ENOUGH)
        self._loop.close()
