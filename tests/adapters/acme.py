"""A made-up gateway type: one call a message, receipts by callback. See test_a_made_up_gateway.py."""

from __future__ import annotations

from wesend.adapters import reading
from wesend.adapters.callbacks import CallbackRequest, UnreadableCallback
from wesend.adapters.http_client import ANSWERED
from wesend.adapters.options import Option
from wesend.adapters.sms.base import ACCEPTED, DELIVERED, FAILED, REFUSED, CallbackReceipt, Outcome, Receipt, Submission
from wesend.adapters.sms.remote import RemoteSmsGateway, base_url, failed, unreadable

STATES = {"there": DELIVERED, "lost": FAILED}


class AcmeGateway(RemoteSmsGateway):
    type = "acme"
    title = "Acme Carrier"
    about = "SMS by Acme, wherever that is."
    options = (base_url("https://sms.acme.example"), Option("desk", required=True, help="which desk takes the messages"))
    secrets = (Option("token", required=True),)

    def send(self, submission: Submission) -> Outcome:
        reply = self.http.request(
            "POST",
            f"{self.base_url}/{self.settings['desk']}",
            json={"number": submission.to, "words": submission.text, "tell": self.callback_url},
            headers={"X-Acme-Token": self.credentials["token"]},
        )
        if reply.kind != ANSWERED:
            return failed(reply)
        answer = reply.object()
        if answer.get("refused"):
            return Outcome(REFUSED, code="refused", text=reading.text(answer["refused"]))
        slip = reading.text(answer.get("slip"))
        return Outcome(ACCEPTED, gateway_ref=slip) if slip else unreadable(reply)

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        slip, state = request.form.get("slip"), request.form.get("state")
        if not slip or not state:
            raise UnreadableCallback
        kept = STATES.get(state)
        return [CallbackReceipt(slip, None, None, Receipt(kept, state))] if kept else []
