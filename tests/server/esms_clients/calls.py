"""The vendor's Python client through verify and opt-outs: python calls.py BASE_URL KEY. Prints what came of it."""

import json
import sys

from esms import Esms, EsmsError

base_url, api_key = sys.argv[1:]
esms = Esms(api_key, base_url=base_url, max_retries=0)


def refused(call):
    try:
        call()
    except EsmsError as error:
        return [error.status, error.code]
    return "answered"


to = "+256712345678"
app = esms.verify.create_app(name="Shop", code_length=5)
changed = esms.verify.update_app(app["id"], name="New shop", code_length=4)
begun = esms.verify.start(to, app_id=app["id"], template="{{code}} for {{app}}")
again = esms.verify.resend(begun["verification_id"])
wrong = esms.verify.check("no", verification_id=begun["verification_id"])
right = esms.verify.check(again["sandbox_code"], to=to)
twice = refused(lambda: esms.verify.check(again["sandbox_code"], to=to))
other = esms.verify.start(to)
canceled = esms.verify.cancel(other["verification_id"])
listed = esms.verify.list(status="approved", app_id=app["id"], to=to, page=0, limit=5)
stats = esms.verify.app_stats(app["id"], days=7)
shown = esms.verify.get(begun["verification_id"])
apps = esms.verify.list_apps()
one = esms.verify.get_app(app["id"])
esms.verify.delete_app(app["id"])
gone = refused(lambda: esms.verify.get_app(app["id"]))
added = esms.opt_outs.add("+256772345678")
opt_outs = esms.opt_outs.list(limit=10)
to_them = refused(lambda: esms.verify.start("+256772345678"))
removed = esms.opt_outs.remove("+256772345678")
rate = esms.messages.rate(to=[to], text="Hello")
valid = esms.messages.validate(to)
statuses = esms.messages.statuses([shown["message_id"]])
bulk = esms.messages.send_bulk(recipients=[{"to": to, "name": "Ann", "vars": {"n": 1}}], text="Hi {{name}} {{n}}")
batch = esms.messages.get_batch(bulk.batch_id, page=0, limit=1)
key = refused(lambda: Esms("esms_test_nobody", base_url=base_url, max_retries=0).verify.list())
print(
    json.dumps(
        {
            "length": len(begun["sandbox_code"]),
            "changed": changed["name"],
            "wrong": wrong["status"],
            "left": wrong["attempts_remaining"],
            "right": right["status"],
            "twice": twice,
            "canceled": canceled["status"],
            "listed": listed["total"],
            "approved": stats["approved"],
            "rate_of": stats["approval_rate"],
            "shown": shown["status"],
            "apps": apps["total"],
            "one": one["name"],
            "gone": gone,
            "added": added["source"],
            "opt_outs": [entry["phone"] for entry in opt_outs],
            "to_them": to_them,
            "removed": removed["status"],
            "rated": len(rate["recipients"]),
            "valid": valid["valid"],
            "statuses": len(statuses["messages"]),
            "bulk": bulk.total_recipients,
            "batch": batch["messages"][0]["text"],
            "key": key,
        }
    )
)
