"""A verification costs what the rate of its text says, to the last digit, whatever its template, currency and price."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wesend.core import money

from ..conftest import close, make_app
from ..support.accounts import mint
from ..support.domain import make_route
from ..support.esms import ANN, data_of, esms_of
from ..support.verify import MASK, started


@pytest.fixture(scope="module")
def property_app(copy_instance, tmp_path_factory):
    """One application for all examples: each has an account of its own."""
    app = make_app(copy_instance(tmp_path_factory.mktemp("prices") / "instance"))
    yield app
    close(app)


@settings(max_examples=30)
@given(
    currency=st.sampled_from(["UGX", "KES", "USD", "TZS", "SMS"]),
    price=st.integers(1, 10**9),
    words=st.text("ab ш€\n", max_size=200),
    length=st.integers(4, 10),
)
def test_a_verification_costs_what_the_rate_of_its_text_is(property_app, currency, price, words, length):
    app = property_app
    minted = mint(app, "esms", currency=currency, balance="100000000")
    with app.app_context():
        make_route("ESMS_UG", None, price=money.text(price), currency="KES")
    api = esms_of(app, minted)
    before = api.balance()
    begun = started(api, template="{{code}}" + words, code_length=length)
    rated = data_of(api.post("/messages/rate", {"to": ANN, "text": "0" * length + words}))
    assert (begun["cost"], begun["segments"], begun["currency"]) == (rated["total_cost"], rated["segments"], currency)
    assert before - api.balance() == begun["cost"]
    (message,) = api.messages()
    assert message["text"] == MASK + words and message["segments"] == begun["segments"]
