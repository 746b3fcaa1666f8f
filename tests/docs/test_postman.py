"""The Postman collections: as they are served, and as they are kept in the repository."""

from __future__ import annotations

import json

import pytest

from wesend.docs.postman import collection

from ..support.published import APIS
from .__main__ import BASE_URL, FOLDER, text


@pytest.mark.parametrize("name", APIS)
def test_the_kept_collection_is_up_to_date(name):
    kept = (FOLDER / f"{name}.postman_collection.json").read_text(encoding="utf-8")
    assert kept == text(APIS[name]), "write them anew: python -m tests.docs"


def test_nothing_else_is_kept():
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.postman_collection.json" for name in APIS}


@pytest.mark.parametrize("name", APIS)
def test_the_served_collection_points_to_where_it_was_served(app_with, name):
    answer = app_with(WESEND_BASE_URL="https://sms.example.com").test_client().get(f"/docs/postman/{name}.json")
    assert answer.status_code == 200
    assert answer.json == json.loads(json.dumps(collection(APIS[name], "https://sms.example.com")))
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.json["variable"][0] == {"key": "baseUrl", "value": "https://sms.example.com", "type": "string"}


@pytest.mark.parametrize("name", APIS)
def test_every_operation_has_a_request(name):
    api, found = APIS[name], collection(APIS[name], BASE_URL)
    requests = [item for folder in found["item"] for item in folder["item"]]
    assert len(requests) == sum(len(operation.examples) for _, _, _, operation in api.document.calls())
    assert {item["request"]["method"] for item in requests} == {method for _, method, _, _ in api.document.calls()}
