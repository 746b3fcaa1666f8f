"""A vendor → a type of gateway that can be set up: the command, the form and the tests see no difference to a coded one."""

from __future__ import annotations

from ....core import countries
from ....core.languages import sentence
from .definition import Vendor
from .gateway import BALANCE_ALERT, VendorGateway


def vendor_type(vendor: Vendor) -> type[VendorGateway]:
    """The class of a vendor's gateways."""
    poll = vendor.poll
    common = tuple(
        option._replace(default=vendor.limits.parallel) if option.name == "parallel" else option
        for option in VendorGateway.common_options
    )
    return type(
        "VendorGateway_" + vendor.name.replace("-", "_"),
        (VendorGateway,),
        {
            "type": vendor.name,
            "title": vendor.label,
            "about": about(vendor),
            "vendor": vendor,
            "options": vendor.options + ((BALANCE_ALERT,) if vendor.balance is not None else ()),
            "secrets": vendor.secrets,
            "common_options": common,
            "batch": vendor.send.batch,
            "can_poll": poll is not None,
            "sends_receipts": poll is not None or vendor.receipts is not None,
            "hears": vendor.receipts is not None or vendor.inbound is not None,
            "brings_address": vendor.send.call.tells_address,
            "poll_gaps_ms": tuple(1000 * gap for gap in poll.gaps) if poll is not None else VendorGateway.poll_gaps_ms,
            "callback_answer": (vendor.receipts.answer_body, vendor.receipts.answer) if vendor.receipts else (None, 200),
            "inbound_answer": (vendor.inbound.answer_body, vendor.inbound.answer) if vendor.inbound else (None, 200),
            "balance_call": vendor.balance is not None and vendor.balance.call is not None,
        },
    )


def about(vendor: Vendor) -> str:
    """For whoever chooses: where it sends, how many a call, how receipts come."""
    where = ", ".join(countries.name(country) for country in vendor.countries) or sentence("many countries")
    pushes, asked = vendor.receipts is not None, vendor.poll is not None
    told = (
        sentence("It brings delivery receipts, and is asked for them")
        if pushes and asked
        else sentence("It brings delivery receipts")
        if pushes
        else sentence("It is asked for delivery receipts")
        if asked
        else sentence("It tells no delivery receipts: what it accepted stays sent")
    )
    if vendor.send.batch > 1:
        return sentence(
            "SMS in %(where)s, up to %(many)s numbers a call. %(told)s.", where=where, many=vendor.send.batch, told=told
        )
    return sentence("SMS in %(where)s. %(told)s.", where=where, told=told)
