"""The scheduler's sweeps, run by hand so that a test decides when."""

from __future__ import annotations

from flask import Flask

from wesend.gateways import registry
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.worker import serve_at_once
from wesend.messages.receipts import polling
from wesend.messages.sending import bulk
from wesend.wallets import deposit_polling


class ManualJobs:
    """Each method runs one job to its end, as the scheduler's process would."""

    def __init__(self, app: Flask):
        self.app = app

    def dispatch(self) -> None:
        """Everything that is due goes to its gateway."""
        with self.app.app_context():
            while queue.release_due():
                pass
            for gateway in registry.gateways().values():
                while gateway.in_process and serve_at_once(gateway):
                    pass

    def receipts(self) -> None:
        with self.app.app_context():
            polling.poll_due()

    def deposits(self) -> None:
        with self.app.app_context():
            deposit_polling.poll_due()

    def expire(self) -> None:
        with self.app.app_context():
            polling.expire()

    def recover(self) -> None:
        with self.app.app_context():
            queue.recover_leases()
            bulk.undo_abandoned()

    def settle(self) -> None:
        """Dispatch what is due and fetch every receipt that is there."""
        self.dispatch()
        self.receipts()
