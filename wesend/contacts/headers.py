"""Which column is the phone, which the name: by the header's words."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

PHONE_HEADERS = ("phone", "phone_number", "mobile", "msisdn", "to", "number")
"""What the contract of the upload by API names; nothing else is a phone's column there."""
NAME_HEADERS = ("name", "full_name", "fullname")
PEOPLES_NAMES = (
    "name",
    "full name",
    "fullname",
    "names",
    "full names",
    "customer name",
    "customer names",
    "customer full name",
    "client name",
    "contact name",
    "member name",
    "student name",
    "parent name",
    "patient name",
    "employee name",
    "staff name",
    "guest name",
    "person name",
    "display name",
    "account name",
    "name of customer",
    "name of client",
    "customer",
    "client",
    "jina",
    "jina kamili",
    "majina",
    "nom",
    "nom complet",
)
"""The same for the name; a contact's first and last name in columns of their own are joined when they are read."""
EMAIL_HEADERS = ("email", "e mail", "mail", "email address", "e mail address")

PEOPLES_HEADERS = (
    "phone",
    "phone number",
    "mobile",
    "msisdn",
    "tel",
    "telephone",
    "phone no",
    "phone nr",
    "phone num",
    "phones",
    "phone numbers",
    "phone number s",
    "customer phone",
    "customer phone no",
    "customer phone number",
    "customer number",
    "customer mobile",
    "client phone",
    "client phone number",
    "parent phone",
    "parent phone number",
    "phone contact",
    "phone contacts",
    "mobile contact",
    "tel contact",
    "mtn number",
    "airtel number",
    "telephone no",
    "telephone number",
    "telephone numbers",
    "tel no",
    "tel nr",
    "tel number",
    "mobile no",
    "mobile number",
    "mobile numbers",
    "mobile phone",
    "mobile phone number",
    "mobile phone no",
    "mobiles",
    "mob",
    "mob no",
    "cell",
    "cells",
    "cell no",
    "cell number",
    "cell phone",
    "cell phone number",
    "cellphone",
    "cellphone number",
    "cellular",
    "handphone",
    "gsm",
    "numbers",
    "contact number",
    "contact no",
    "contact phone",
    "contact phone number",
    "contact tel",
    "whatsapp",
    "whatsapp number",
    "whatsapp no",
    "phone 1",
    "phone1",
    "mobile 1",
    "telephone 1",
    "tel 1",
    "primary phone",
    "main phone",
    "phone 1 value",
    "phonenumber",
    "mobilenumber",
    "mobileno",
    "phoneno",
    "telno",
    "telephonenumber",
    "recipient",
    "recipients",
    "simu",
    "namba ya simu",
    "téléphone",
    "numéro",
    "numéro de téléphone",
    "portable",
    "to",
    "number",
    "contact",
    "contacts",
)
"""How people head the column in their own files, likeliest first where a file has several of them."""

NO_WORD = re.compile(r"[\W_]+")


class Mapping(NamedTuple):
    """Which column is the phone, which the name; ``fields``: a column's place → the field that it becomes."""

    phone: int
    name: int | None
    fields: dict[int, str]


def detect(columns: list[str], *, peoples: bool = False) -> Mapping | None:
    """By the headers' names; None when none is a phone's. ``peoples``: other words than the contract's are read, too."""
    lowered = [column.lower().replace(" ", "_") for column in columns]
    phone = _place(list(map(plain, columns)), PEOPLES_HEADERS) if peoples else _place(lowered, PHONE_HEADERS)
    if phone is None:
        return None
    name = _place(list(map(plain, columns)), PEOPLES_NAMES) if peoples else _place(lowered, NAME_HEADERS)
    name = None if name == phone else name
    return Mapping(phone, name, {index: column for index, column in enumerate(columns) if index not in (phone, name) and column})


def addresses_in(columns: list[str]) -> list[int]:
    """The places of every column that is headed as a phone's or an e-mail address's."""
    words = {*PEOPLES_HEADERS, *EMAIL_HEADERS}
    return [index for index, column in enumerate(columns) if plain(column) in words]


@lru_cache(maxsize=1024)
def is_email(header: str) -> bool:
    """Whether a column or a field is headed as one of e-mail addresses."""
    return plain(header) in EMAIL_HEADERS


def plain(header: str) -> str:
    """``Phone No.`` → ``phone no``."""
    return NO_WORD.sub(" ", header.lower()).strip()


def _place(columns: list[str], headers: Collection[str]) -> int | None:
    return next((columns.index(header) for header in headers if header in columns), None)
