"""What an operator does: a gateway from its form to its removal, and a backup that is taken away."""

from __future__ import annotations

import pytest

from ..support.vendor_server import VendorServer

PHONE = "+256712345678"


@pytest.fixture
def vendors(tmp_path):
    """One that accepts every number, and one that refuses them all."""
    (tmp_path / "refusing").mkdir()
    with VendorServer(tmp_path) as accepting, VendorServer(tmp_path / "refusing", "refuse") as refusing:
        yield accepting, refusing


def send_test(page, *, to: str = PHONE) -> None:
    page.get_by_label("Phone").fill(to)
    page.get_by_role("button", name="Send the test").click()


def test_a_gateway_is_set_up_tested_set_anew_and_removed(visit, server, vendors):
    accepting, refusing = vendors
    operator = visit("operator")
    page, faults = operator.page, []
    page.get_by_role("main").get_by_role("link", name="Gateways").click()  # step four of the checklist
    page.get_by_role("heading", name="Gateways", exact=True).wait_for()
    faults += operator.serious_faults()
    page.goto("/operator/new-gateway")
    page.get_by_role("link", name="Africa's Talking").click()
    page.get_by_label("Name", exact=True).fill("browser-at")
    page.get_by_label("Username").fill("acme")
    page.get_by_label("Base URL").fill("ftp://nowhere")
    page.get_by_label("API key").fill("s3cr3t")
    faults += operator.serious_faults()
    page.get_by_role("button", name="Set it up").click()
    page.get_by_text("must be a web address such as").wait_for()
    faults += operator.serious_faults()
    assert page.get_by_label("Username").input_value() == "acme" and page.get_by_label("API key").input_value() == ""
    page.get_by_label("Base URL").fill(accepting.url)
    page.get_by_label("API key").fill("s3cr3t")
    page.get_by_role("button", name="Set it up").click()
    page.get_by_text("browser-at is set up.").wait_for()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    send_test(page)
    page.get_by_text(f"browser-at took the test to {PHONE}. Its ID there is AT{PHONE}.").wait_for()
    assert accepting.accepted() == [PHONE]
    page.get_by_role("link", name="Add a route that uses it").click()
    page.get_by_label("Code").fill("ZM_BROWSER")
    page.get_by_label("Country").select_option(label="Zambia")
    page.get_by_label("Price of a segment").fill("1")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("row", name="ZM_BROWSER").get_by_role("link", name="browser-at").click()
    page.get_by_role("link", name="Change settings").click()
    page.get_by_label("Base URL").fill(refusing.url)
    page.get_by_role("button", name="Save").click()
    page.get_by_text(
        "The address of browser-at changes: give its secrets again"
    ).wait_for()  # nobody gets it by leading it elsewhere
    page.get_by_label("API key").fill("s3cr3t")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("browser-at is saved").wait_for()
    send_test(page)
    page.get_by_role("alert").get_by_text(f"browser-at refused the test to {PHONE}. InvalidPhoneNumber (403).").wait_for()
    faults += operator.serious_faults()
    page.get_by_role("link", name="Remove").click()
    page.get_by_text("1 route leads to it").wait_for()
    faults += operator.serious_faults()
    page.get_by_role("button", name="Remove browser-at").click()
    page.get_by_text("browser-at is removed.").wait_for()
    assert faults == [] and server.query("SELECT count(*) FROM gateways WHERE name = 'browser-at'") == [(0,)]


def test_a_backup_is_downloaded_again_and_again_from_one_page(visit, tmp_path):
    page = visit("operator").page
    page.goto("/operator/backups")
    for number in range(2):
        with page.expect_download() as download:
            page.get_by_role("button", name="Make and download").click()
        assert download.value.suggested_filename.startswith("wesend-")
        target = tmp_path / f"{number}.db"
        download.value.save_as(target)
        assert target.read_bytes().startswith(b"SQLite format 3\0")
