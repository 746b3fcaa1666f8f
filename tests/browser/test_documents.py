"""The pages at /docs in a real browser: every call is shown with an example of its answer, and no script breaks off."""

from __future__ import annotations

import pytest

from ..support.published import APIS


@pytest.mark.parametrize("name", APIS)
def test_every_call_is_shown_with_an_example_of_its_answer(visit, name):
    page = visit().page  # what the console complains of fails the test
    page.goto(f"/docs/{name}")
    document = page.request.get(f"/docs/openapi/{name}.json").json()
    answers = [call["responses"] for methods in document["paths"].values() for call in methods.values()]
    in_json = [
        each
        for each in answers
        for status in each
        if status.startswith("2") and "application/json" in each[status].get("content", {})
    ]
    page.locator("api-response").nth(len(answers) - 1).wait_for(state="attached")
    page.locator("api-response:has(json-tree)").nth(len(in_json) - 1).wait_for(state="attached")
