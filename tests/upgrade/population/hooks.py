"""Webhooks: own ones, the pair that eSMS edits in place, with a user in the address, with events named."""

from __future__ import annotations

from .people import BANK, SHOP
from .places import HOOKS
from .world import World

AT = f"http://127.0.0.1:{HOOKS}"
OWN = (
    ("own", SHOP, "wesendall", f"{AT}/own", None),
    ("user", SHOP, "wesendall", f"http://ann:p%40ss@127.0.0.1:{HOOKS}/user", None),
    ("events", SHOP, "wesendall", f"{AT}/events", "sms.failed"),
    ("bad", SHOP, "wasambazie", f"{AT}/bad", None),
    ("gone", SHOP, "wasambazie", f"{AT}/gone", None),
    ("batch", SHOP, "wasambazie", f"{AT}/batch", None),
    ("bank", BANK, "worldledgers", f"{AT}/bank", None),
    ("off", BANK, "worldledgers", f"{AT}/off", None),
)


def fill(world: World) -> None:
    for name, account, form, url, events in OWN:
        made = world.cli(
            "webhook", "add", "--account", account, "--format", form, "--url", url, *(("--events", events) if events else ())
        )
        world.made["webhooks"][name] = {**made, "format": form}
    world.cli("webhook", "disable", world.made["webhooks"]["off"]["webhook_id"])
    world.call("esms", "PUT", "/api/webhooks", json={"dlr_url": f"{AT}/dlr", "mo_url": f"{AT}/mo", "is_active": True})
    world.call("esms bank", "PUT", "/api/webhooks", json={"dlr_url": f"http://bob:secret@127.0.0.1:{HOOKS}/bank-dlr"})
    for key in ("esms", "esms bank"):
        secret = world.call(key, "GET", "/api/webhooks")["signing_secret"]
        world.made["webhooks"][key] = {"secret": secret, "format": "esms"}
