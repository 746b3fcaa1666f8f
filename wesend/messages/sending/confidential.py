"""A send whose text holds a secret: measured and paid as it leaves, stored as it may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...accounts.service import AccountInfo
from ...wallets.service import WalletInfo
from ..state.outgoing import Outgoing
from ..state.sealed_texts import seal
from .compose import Addressee, Composer, Skipped


class ConfidentialComposer(Composer):
    """``text`` leaves; ``shown`` is what stands in lists, pages, exports and webhooks from the start. It is never sent again
    by hand."""

    confidential = True

    def __init__(self, account: AccountInfo, wallet: WalletInfo, text: str, *, shown: str, **options: Any):
        super().__init__(account, wallet, text, **options)
        self.sealed, self.text = seal(text), shown

    def plan(
        self, addressees: Iterable[Addressee], *, dedupe: bool = True, is_question: bool = False
    ) -> Iterator[Outgoing | Skipped]:
        for item in super().plan(addressees, dedupe=dedupe, is_question=is_question):
            yield item._replace(fields=self.sealed) if isinstance(item, Outgoing) else item
