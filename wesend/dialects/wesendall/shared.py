"""What Wesendall's views share: the wallet of a call, the success envelope, pages."""

from __future__ import annotations

from ...wallets.service import WalletInfo, wallet_of_account
from ..dialect import account, actor, side


def wallet_of(data: dict) -> WalletInfo:
    """The wallet that a call names, if it is the account's and of the key's side."""
    return wallet_of_account(data["wallet_id"], account().id, side=side(), actor=actor())


def success(data: dict, status: int = 200, message: str | None = None) -> tuple[dict, int]:
    shown: dict = {"success": True}
    if message is not None:
        shown["message"] = message
    shown["data"] = data
    return shown, status


def pagination(page: int, per_page: int, total: int) -> dict:
    return {"current_page": page, "per_page": per_page, "total": total, "last_page": max(1, -(-total // per_page))}
