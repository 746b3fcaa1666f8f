"""Groups by API, by command and by file, contacts with fields, and opt-outs by command and page."""

from __future__ import annotations

import io

from .contacts_csv import CSV
from .people import BANK, SHOP
from .world import World


def fill(world: World) -> None:
    wallet = world.made["wallets"]["shop"]
    group = world.call("wesendall", "POST", "/api/v1/groups", json={"walletId": wallet, "name": "By API"}, expect=201)
    made = world.made["groups"] = {"api": group["data"]["id"]}
    world.call(
        "wesendall",
        "POST",
        f"/api/v1/groups/{made['api']}/contacts",
        expect=201,
        json={"walletId": wallet, "contacts": [{"phone": "0755000201", "name": "Dan", "city": "Jinja"}, {"phone": "0755000202"}]},
    )
    test = world.call(
        "wesendall test",
        "POST",
        "/api/v1/groups",
        expect=201,
        json={"walletId": world.made["wallets"]["shop test"], "name": "By test key"},
    )
    made["test"] = test["data"]["id"]
    path = world.folder / "list.csv"
    path.write_text(CSV)
    made["cli"] = world.cli("group", "create", "--account", SHOP, "By command", "--csv", path)["group_id"]
    path.unlink()
    world.cli("group", "create", "--account", SHOP, "Bare")
    for key, name in (("esms", "csv"), ("esms test", "test csv"), ("esms bank", "bank csv")):
        made[name] = upload(world, key, f"By {name}", CSV.replace("0755", "+254755" if "bank" in name else "0755"))
    bank = world.cli("group", "create", "--account", BANK, "Customers")["group_id"]
    owner = world.page("owner@bank.example")
    assert owner.post(f"/contacts/{bank}", phone="0712345678", name="Grace").status_code == 303
    _opt_out(world)


def upload(world: World, key: str, name: str, text: str, **headers) -> int:
    data = {"file": (io.BytesIO(text.encode()), "people.csv"), "name": name, "tags": "vip, old"}
    return world.call(key, "POST", "/api/contact-lists", data=data, content_type="multipart/form-data", headers=headers)["id"]


def _opt_out(world: World) -> None:
    """By command and by page; STOP and the link come with their messages."""
    world.cli("opt-out", "add", "--account", SHOP, "0755000901", "gone@example.com")
    owner = world.page("owner@shop.example")
    assert owner.post("/contacts/opt-outs", number="0755000902").status_code == 303
