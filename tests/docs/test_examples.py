"""Every example of every document, called in the sandbox as it stands, one after the other."""

from __future__ import annotations

import pytest

from ..support.documents import Documented
from ..support.published import APIS
from .walk import Walk


@pytest.mark.parametrize("name", APIS)
def test_the_examples_work_in_the_sandbox_and_answer_what_the_document_says(app, name):
    documented, wrong = Documented.of(app, name), []
    endpoints = {(method, path): operation["operationId"] for method, path, operation in documented.all_operations()}
    for called, status, answer in Walk(app, name):
        body = answer.json if answer.is_json else answer.get_data(as_text=True)
        assert answer.status_code == status, f"{called}: {answer.status_code} {body}"
        method, path, *_ = called.split(" ")
        wrong += [
            f"{called}: {problem}"
            for problem in documented.problems(
                endpoints[method, path], status, answer.mimetype if answer.data else "", answer.headers, body
            )
        ]
    assert wrong == []
