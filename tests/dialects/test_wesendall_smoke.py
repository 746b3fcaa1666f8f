def test_a_send_is_charged_and_delivered(wesendall, jobs):
    before = wesendall.balance()
    answer = wesendall.send("0712345678")
    assert answer.status_code == 200
    assert answer.json["data"]["remaining_balance"] == before - 35
    jobs.settle()
    assert [message["status"] for message in wesendall.history()] == ["delivered"]
