"""A vendor as its file describes it, read and checked: what the engine works by. `loader.py` makes one of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...options import Option
from .templates import Filler, UrlFiller

Paths = tuple[str, ...]
"""Where a value may stand, as dotted paths; the first that is found counts."""


class Call(NamedTuple):
    """A request: ``query`` and ``headers`` fill tables, ``body`` any document; None: there is none.

    ``tells_address``: it says where the vendor is to call us.
    """

    url: UrlFiller
    method: str
    content_type: str  # json, form, none
    query: Filler | None
    headers: Filler | None
    body: Filler | None
    tells_address: bool = False


class Auth(NamedTuple):
    """``kind``: none, basic, header, bearer, oauth. ``value`` is what a header holds; an oauth one is filled with ``{token}``."""

    kind: str = "none"
    user: Filler | None = None
    password: Filler | None = None
    name: str = "Authorization"
    value: Filler | None = None
    call: Call | None = None
    token: Paths = ("access_token",)
    expires_in: Paths = ("expires_in",)
    lifetime: int = 3600  # seconds, where the vendor names none
    stale: frozenset[int] = frozenset((401,))


class Send(NamedTuple):
    """``same``: what the messages of one call have in common; ``item`` fills a recipient's object, ``join`` the numbers' text.

    ``said_of_all``: the placeholders outside of ``item``.
    """

    call: Call
    to: str = "e164"
    batch: int = 1
    same: tuple[str, ...] = ("text", "sender")
    join: str | None = None
    item: Filler | None = None
    said_of_all: frozenset[str] = frozenset()


class Item(NamedTuple):
    """One recipient of an answer. Without ``to`` they stand in the order in which they were asked for."""

    path: str
    to: Paths = ()
    code: Paths = ()
    codes: Mapping[str, str] = {}
    otherwise: str = "unknown"
    id: Paths = ()
    cost: Paths = ()
    error: Paths = ()


class Answer(NamedTuple):
    """``http``: what a status means by itself; ``codes`` are compared without case.

    ``strict``: a success that is not in ``format`` is none.
    """

    format: str = "json"
    http: Mapping[int, str] = {}
    code: Paths = ()
    codes: Mapping[str, str] = {}
    otherwise: str = "unknown"
    id: Paths = ()
    cost: Paths = ()
    currency: Paths = ()
    error: Paths = ()
    balance: Paths = ()
    item: Item | None = None
    strict: bool = True
    cost_count: Paths = ()


class Condition(NamedTuple):
    """A value that is one of some, compared as text without case."""

    path: Paths
    values: frozenset[str]


class Check(NamedTuple):
    """How a call to us shows that it is the vendor's; ``key`` (or ``expected``) empty: by the address alone."""

    kind: str  # secret, hmac
    header: str | None
    field: str | None
    expected: Filler | None
    hash: str = "sha256"
    key: Filler | None = None
    encoding: str = "hex"
    prefix: str = ""
    over: str = "{body}"


class Receipts(NamedTuple):
    """``tells_unlisted``: a word that is in no list is told, too, so that somebody may see it.

    ``flat``: where nothing stands at ``path``, the document may be a receipt whose fields have dots in their names.
    ``cost``: of the message; where there is ``cost_count``, as often as that says.
    """

    by: str = "any"
    path: str = ""
    when: Condition | None = None
    id: Paths = ()
    reference: Paths = ()
    to: Paths = ()
    status: Paths = ()
    code: Paths = ()
    text: Paths = ()
    cost: Paths = ()
    cost_count: Paths = ()
    currency: Paths = ()
    words: Mapping[str, str] = {}
    own_fault: frozenset[str] = frozenset()
    answer: int = 200
    answer_body: str | None = None
    check: Check | None = None
    tells_unlisted: bool = True
    flat: bool = False


class Poll(NamedTuple):
    """``once``: what was told is never told again. ``first`` and ``gaps``: seconds.

    ``asks_by_id``: it names messages; ``by_reference``: by ours.
    """

    call: Call
    batch: int = 1
    join: str | None = None
    path: str = ""
    id: Paths = ()
    to: Paths = ()
    status: Paths = ()
    code: Paths = ()
    text: Paths = ()
    cost: Paths = ()
    cost_count: Paths = ()
    currency: Paths = ()
    words: Mapping[str, str] = {}
    none: frozenset[int] = frozenset()
    once: bool = False
    first: int = 30
    gaps: tuple[int, ...] = (30, 60, 120, 240)
    asks_by_id: bool = True
    by_reference: bool = False


class Inbound(NamedTuple):
    by: str = "any"
    path: str = ""
    when: Condition | None = None
    sender: Paths = ()
    to: Paths = ()
    text: Paths = ()
    id: Paths = ()
    date: Paths = ()
    answer: int = 200
    answer_body: str | None = None


class Balance(NamedTuple):
    """``call`` None: it comes with every answer. ``unit``: money or credits."""

    call: Call | None
    amount: Paths = ()
    currency: Paths = ()
    fixed_currency: str | None = None
    unit: str = "money"


class Limits(NamedTuple):
    """``max_length`` in characters; ``unicode_as``: what ``{unicode}`` is for plain texts and for others."""

    tps: float | None = None
    parallel: int = 16
    max_length: int | None = None
    unicode: bool = True
    unicode_as: tuple[Any, Any] = (False, True)
    sender: str | None = None


class Sample(NamedTuple):
    """What the vendor sends, and what is to be read of it."""

    of: str
    http: int
    query: dict[str, str]
    body: str
    gives: list[dict[str, Any]]


class Vendor(NamedTuple):
    """``url_options``: those that say where a call goes."""

    name: str
    label: str
    countries: tuple[str, ...]
    options: tuple[Option, ...]
    secrets: tuple[Option, ...]
    auth: Auth
    send: Send
    answer: Answer
    receipts: Receipts | None = None
    poll: Poll | None = None
    inbound: Inbound | None = None
    balance: Balance | None = None
    limits: Limits = Limits()
    samples: tuple[Sample, ...] = ()
