"""`POST /sms/group`: a send's answer, texts filled from the contacts."""

from __future__ import annotations

import pytest

from ..support.accounts import new_wesendall
from ..support.database import written
from ..support.wesendall import ANN, BEN, LOW, REFUSED, data_of, new_group, refused


def send_group(api, group_id, message="Hello {{name}}", **more):
    return api.post("/sms/group", {"walletId": api.wallet, "message": message, "groupId": group_id, **more})


def test_a_group_send_answers_as_a_send_and_names_the_group(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "Ben"})
    answer = send_group(api, group_id)
    data = data_of(answer)
    send = data_of(api.send("0712345678"))
    assert set(data) == {*send, "group_id"}
    assert data["group_id"] == group_id
    assert answer.json["message"] == "2 messages sent"
    assert (data["total_recipients"], data["total_cost"], data["remaining_balance"]) == (2, 70, 930)
    assert {message["recipient"]: message["message"] for message in api.history()[1:]} == {ANN: "Hello Ann", BEN: "Hello Ben"}


def test_variables_are_filled_from_the_contact(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann", "City": "Kampala", "due": 1500, "{{x}}": "y"})
    send_group(api, group_id, "{{name}}/{{ NAME }}/{{city}}/{{due}}/{{phone}}/{{missing}}/{{ first_name }}/{name}")
    assert api.history()[0]["message"] == "Ann/Ann/Kampala/1500/+256712345678//Ann/{name}"


def test_a_value_is_never_read_as_a_variable_again(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "{{phone}} {{7*7}} ${x}"})
    send_group(api, group_id, "Hi {{name}}")
    assert api.history()[0]["message"] == "Hi {{phone}} {{7*7}} ${x}"


def test_segments_at_the_top_are_the_longest_messages(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "B" * 200})
    data = data_of(send_group(api, group_id))
    assert data["segments"] == 2
    assert [(result["segments"], result["cost"]) for result in data["results"]] == [(1, 35), (2, 70)]
    assert data["total_cost"] == 105


def test_a_text_that_grows_beyond_ten_segments_is_400(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "B" * 1600})
    before = written(app)
    answer = send_group(api, group_id)
    assert refused(answer, 400, "validation_error")
    assert written(app) == before


def test_a_group_without_contacts_is_400(app, wesendall):
    group_id = new_group(wesendall)
    before = written(app)
    answer = send_group(wesendall, group_id)
    assert refused(answer, 400, "invalid_recipient")
    assert written(app) == before


def test_the_groups_provider_answers_as_in_a_send(app):
    api = new_wesendall(app)
    some = new_group(api, {"phone": REFUSED}, {"phone": "0712345678"})
    data = data_of(send_group(api, some))
    assert (data["successful"], data["failed"], data["refunded"], data["total_cost"]) == (1, 1, 35, 35)
    assert send_group(api, new_group(api, {"phone": REFUSED}, name="Refused")).status_code == 502
    assert send_group(api, new_group(api, {"phone": LOW}, name="Low")).status_code == 402
    assert api.balance() == 965


@pytest.mark.parametrize("group_id", [99, "99", 0, -1, "abc", 2**62, "9" * 40], ids=str)
def test_an_unknown_group_is_404(wesendall, group_id):
    answer = send_group(wesendall, group_id)
    assert refused(answer, 404, "group_not_found")


def test_another_accounts_group_does_not_exist(app):
    answer = send_group(new_wesendall(app), 1)
    assert refused(answer, 404, "group_not_found")


def test_a_group_id_may_be_written_as_text(app):
    api = new_wesendall(app)
    assert send_group(api, str(new_group(api, {"phone": ANN}))).status_code == 200


@pytest.mark.parametrize("group_id", [None, "", True, 1.5, [1], {"id": 1}], ids=str)
def test_a_group_id_of_another_type_is_400(wesendall, group_id):
    answer = send_group(wesendall, group_id)
    assert answer.status_code == 400
    assert list(answer.json["data"]["fields"]) == ["groupId"]


def test_a_large_group_is_sent_from_the_queue_with_every_text_its_own(app, jobs):
    api = new_wesendall(app, balance="100000")
    group_id = new_group(api, *({"phone": f"0712{number:06d}", "name": f"N{number}"} for number in range(120)))
    data = data_of(send_group(api, group_id))
    assert (data["successful"], data["total_cost"], data["group_id"]) == (120, 120 * 35, group_id)
    jobs.settle()
    texts = {message["recipient"]: message["message"] for page in (1, 2) for message in api.history(per_page=100, page=page)}
    assert texts == {f"+256712{number:06d}": f"Hello N{number}" for number in range(120)}
