"""Top-ups in every state, of sandbox and live wallets."""

from __future__ import annotations

from wesend.core import clock

from .world import World


def pay(world: World, key: str, phone: str, amount: int = 500) -> str:
    wallet = world.made["wallets"][world.made["keys"][key]["wallet"]]
    return world.call(
        key, "POST", "/api/v1/account/topup", expect=202, json={"walletId": wallet, "amount": amount, "phone": phone}
    )["data"]["deposit_id"]


def fill_first_day(world: World) -> None:
    """Paid, declined, and never answered: that one ends after a day."""
    made = world.made["deposits"] = {}
    made["expired"] = pay(world, "wesendall test", "0770000055")
    made["failed"] = pay(world, "wesendall test", "0770000099")
    made["successful"] = pay(world, "wesendall test", "0770000001")
    made["live"] = pay(world, "wesendall", "0772000077")
    made["purchase"] = world.call(
        "worldledgers test",
        "POST",
        "/api/v1/communication/sms-credits/purchase",
        expect=202,
        json={"phone": "0712345678", "amount": 100},
    )["data"]["payment_id"]
    for _ in range(3):
        world.later(60)
        world.settle()


def fill_last_day(world: World) -> None:
    world.settle()
    made = world.made["deposits"]
    made["pending"] = pay(world, "wesendall test", "0770000055")
    made["live pending"] = pay(world, "wesendall", "0772000012")
    made["esms pending"] = world.call("esms", "POST", "/api/balance/topup", json={"amount": 700, "phone": "+256772000013"})[
        "deposit_id"
    ]
    assert clock.now_ms()
