"""An API's Postman collection (v2.1), from the same declarations as its OpenAPI document.

Run from top to bottom it works in the sandbox as it stands: a request's test keeps what later requests take.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ..dialects.dialect import Dialect
from ..dialects.documenting.operations import Example, Operation, Upload, path_values

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
BOUNDARY = "wesend-boundary"
WAIT = """const tries = Number(pm.collectionVariables.get("tries") || 0);
if (pm.response.code === 404 && tries < 60) {
    pm.collectionVariables.set("tries", tries + 1);
    setTimeout(() => {}, 1000);
    postman.setNextRequest(pm.info.requestName);
    return;
}
pm.collectionVariables.unset("tries");"""


def collection(dialect: Dialect, base_url: str) -> dict[str, Any]:
    """``base_url`` is where the collection's variable of that name points."""
    folders: dict[str, list[dict]] = {}
    for tag, method, path, operation in dialect.document.calls():
        for example in operation.examples:
            folders.setdefault(tag, []).append(_item(dialect, method, path, operation, example))
    variables = {"baseUrl": base_url, **dialect.sandbox.credentials.shown()}
    return {
        "info": {
            "_postman_id": str(uuid5(NAMESPACE_URL, f"wesend/{dialect.name}")),
            "name": f"{dialect.document.title} (wesend)",
            "description": f"{dialect.document.introduction}\n\nThe credentials are the sandbox's published ones: nothing is"
            f" sent."
            " Requests use what those before them kept, so run them in order.",
            "schema": SCHEMA,
        },
        "auth": _auth(dialect),
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in variables.items()],
        "item": [{"name": tag, "item": items} for tag, items in folders.items()],
    }


def _auth(dialect: Dialect) -> dict[str, Any]:
    """Postman's own form of the first way to show credentials; a pair of headers goes with each request."""
    schemes = [dialect.document.schemes[name] for name in dialect.document.security[0]]
    if len(schemes) > 1:
        return {"type": "noauth"}
    openapi, variables = schemes[0].openapi, [f"{{{{{name}}}}}" for name in schemes[0].variables]
    if openapi["type"] == "apiKey":
        kind, fields = "apikey", {"key": openapi["name"], "value": variables[0], "in": openapi["in"]}
    elif openapi["scheme"] == "basic":
        kind, fields = "basic", {"username": variables[0], "password": variables[1]}
    else:
        kind, fields = "bearer", {"token": variables[0]}
    return {"type": kind, kind: [{"key": key, "value": value, "type": "string"} for key, value in fields.items()]}


def _item(dialect: Dialect, method: str, path: str, operation: Operation, example: Example) -> dict[str, Any]:
    name = operation.summary + (f": {example.name}" if example.name else "")
    return {
        "name": name,
        "request": _request(dialect, method, path, operation, example),
        "response": [],
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": _test(operation, example).split("\n")}}],
    }


def _request(dialect: Dialect, method: str, path: str, operation: Operation, example: Example) -> dict[str, Any]:
    for name, value in path_values(path, example).items():
        path = path.replace("{" + name + "}", value)
    url = "{{baseUrl}}" + dialect.prefix + path
    query = [{"key": key, "value": value} for key, value in example.query.items()]
    shown: dict[str, Any] = {
        "raw": url + ("?" + "&".join(f"{entry['key']}={entry['value']}" for entry in query) if query else ""),
        "host": ["{{baseUrl}}"],
        "path": (dialect.prefix + path).lstrip("/").split("/"),
    }
    found: dict[str, Any] = {
        "method": method,
        "header": _headers(dialect),
        "url": {**shown, **({"query": query} if query else {})},
        "description": operation.description,
    }
    if isinstance(operation.body, Upload):
        found["header"].append({"key": "Content-Type", "value": f"multipart/form-data; boundary={BOUNDARY}"})
        found["body"] = {"mode": "raw", "raw": multipart(operation.body)}
    elif example.body is not None:
        found["header"].append({"key": "Content-Type", "value": "application/json"})
        found["body"] = {
            "mode": "raw",
            "raw": json.dumps(example.body, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    return found


def _headers(dialect: Dialect) -> list[dict[str, str]]:
    schemes = [dialect.document.schemes[name] for name in dialect.document.security[0]]
    return (
        [{"key": scheme.openapi["name"], "value": f"{{{{{scheme.variables[0]}}}}}"} for scheme in schemes]
        if len(schemes) > 1
        else []
    )


def multipart(upload: Upload) -> str:
    """A body with the file in it, so that no file has to lie beside the collection."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in upload.fields.items()
    ]
    parts.append(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="contacts.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{upload.csv}\r\n--{BOUNDARY}--\r\n"
    )
    return "".join(parts)


def _test(operation: Operation, example: Example) -> str:
    """The status, and what is kept for later requests."""
    status = example.status or operation.success
    lines = [WAIT] if example.waits else []
    lines.append(f'pm.test("answers {status}", () => pm.response.to.have.status({status}));')
    for name, place in example.keep.items():
        steps = "".join(f".at({step})" if re.fullmatch(r"-?\d+", step) else f".{step}" for step in place.split("."))
        lines.append(f'pm.test("has {place}", () => pm.expect(pm.response.json(){steps}).to.exist);')
        lines.append(f'pm.collectionVariables.set("{name}", pm.response.json(){steps});')
    return "\n".join(lines)
