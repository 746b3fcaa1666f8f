"""`python -m tests.docs` writes the Postman collections that the repository keeps."""

from __future__ import annotations

import json
from pathlib import Path

from wesend.dialects.dialect import Dialect
from wesend.docs.postman import collection

from ..support.published import APIS

FOLDER = Path(__file__).resolve().parent.parent.parent / "postman"
BASE_URL = "http://127.0.0.1:8000"


def text(api: Dialect) -> str:
    return json.dumps(collection(api, BASE_URL), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for api in APIS.values():
        path = FOLDER / f"{api.name}.postman_collection.json"
        path.write_text(text(api), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
