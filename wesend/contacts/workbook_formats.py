"""What a spreadsheet shows of a number: fifteen digits of it, or the day and the time that its format makes of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

DATE, CLOCK = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
BUILT_IN = {
    "1": "0",
    "2": "0.00",
    "9": "0%",
    "10": "0.00%",
    "11": "0.00E+00",
    "14": DATE,
    "15": "d-mmm-yy",
    "16": "d-mmm",
    "17": "mmm-yy",
    "18": "h:mm AM/PM",
    "19": "h:mm:ss AM/PM",
    "20": "h:mm",
    "21": "h:mm:ss",
    "22": CLOCK,
    "45": "mm:ss",
    "46": "[h]:mm:ss",
    "47": "mm:ss.0",
    "48": "##0.0E+0",
    **{str(number): DATE for number in (*range(27, 32), 36, *range(50, 55), 57, 58)},
    **{str(number): "h:mm" for number in (32, 33)},
}
"""Formats that a workbook names by number alone. Where Excel shows a day as the reader's country writes it (14 and 22), the
file does not say which country: years stand first then, which nobody takes for another day."""

EXACT = Context(prec=400)
"""Digits that a format of 255 characters can ask for: Excel offers 30 behind the point, more than decimals have by themselves."""
SCIENTIFIC = re.compile(r"[#0.]+E\+0+", re.IGNORECASE)
SIX_DIGITS = Context(prec=6)
"""As many as Excel writes of a long number into a CSV; read back, 2.56772E+11 gets a scientific format by itself."""
ZEROS = re.compile(r"(0+)(?:\.(0+))?(%?)")
TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[(h+|m+|s+)\]|\[[^\]]*\]|_.|\*.|(AM/PM|A/P)|(y+|m+|d+|h+|s+)|(\.0+)|(.)', re.I | re.S)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LAST_DAY = 2_958_465  # 9999-12-31
Piece = tuple[str, str]


def show_number(text: str, number_format: str, from_1904: bool = False) -> str:
    """``text`` is the number as it stands in the file; what is no number stays as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    if value != value or value in (float("inf"), float("-inf")):
        return text
    pieces = date_pieces(number_format) if number_format else None
    if pieces and 0 <= value < LAST_DAY + 1:
        return _show_date(value, pieces, from_1904)
    zeros = ZEROS.fullmatch(number_format) if number_format else None
    if zeros and abs(value) < 1e15:
        return _show_zeros(value, zeros)
    if number_format and abs(value) >= 1e8 and SCIENTIFIC.fullmatch(number_format):
        shown = Decimal(f"{value:.15g}")
        six = SIX_DIGITS.plus(shown)
        if six == shown:
            return f"{six.normalize():E}"
    return fifteen_digits(value)


def fifteen_digits(value: float) -> str:
    """0.1 + 0.2 is 0.3, and 256712345678.0 is 256712345678."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    number = Decimal(f"{value:.15g}")
    if -10 <= number.adjusted() < 21:
        return f"{number:f}"
    return f"{number.normalize():E}"


def _show_zeros(value: float, zeros: re.Match[str]) -> str:
    """The formats ``0000``, ``0.00`` and ``0%``: numbers that keep their first zeros, and money."""
    decimals, percent = len(zeros[2] or ""), zeros[3]
    number = Decimal(f"{value:.15g}") * (100 if percent else 1)
    number = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, EXACT)
    width = len(zeros[1]) + (decimals + 1 if decimals else 0)
    sign = "-" if number < 0 else ""
    return f"{sign}{format(number.copy_abs(), 'f').zfill(width)}{percent}"


@lru_cache(maxsize=256)
def date_pieces(number_format: str) -> tuple[Piece, ...] | None:
    """The parts of a date's format, as (kind, text); None when it is no date's.

    ``m`` is a minute behind hours and before seconds, a month elsewhere.
    """
    pieces: list[Piece] = []
    for found in TOKEN.finditer(re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', number_format)[0]):
        quoted, escaped, elapsed, half, unit, fraction, other = found.groups()
        if elapsed or unit:
            pieces.append((("elapsed " if elapsed else "") + (elapsed or unit)[0].lower(), (elapsed or unit).lower()))
        elif half:
            pieces.append(("half", half))
        elif fraction:
            pieces.append(("fraction" if any(kind.endswith("s") for kind, _ in pieces[-1:]) else "text", fraction))
        elif other is not None and other in "0#?%eE":  # "General" has an e, too
            return None
        elif quoted or escaped or other:
            pieces.append(("text", quoted or escaped or other))
    return tuple(_minutes(pieces)) if any(kind[-1] in "ymdhs" and kind != "text" for kind, _ in pieces) else None


def _minutes(pieces: list[Piece]) -> list[Piece]:
    units = [index for index, (kind, _) in enumerate(pieces) if kind not in ("text", "half", "fraction")]
    for at, index in enumerate(units):
        before = pieces[units[at - 1]][0] if at else ""
        after = pieces[units[at + 1]][0] if at + 1 < len(units) else ""
        if pieces[index][0] == "m" and len(pieces[index][1]) < 3 and (before.endswith("h") or after.endswith("s")):
            pieces[index] = ("minute", pieces[index][1])
    return pieces


def _show_date(value: float, pieces: tuple[Piece, ...], from_1904: bool) -> str:
    days = int(value)
    tenths = any(kind == "fraction" for kind, _ in pieces)
    seconds = round((value - days) * 86_400, 3 if tenths else 0)
    # Excel counts a 29th of February 1900, which was none: days before it stand one further on.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31) if days < 60 else datetime(1899, 12, 30)
    try:
        moment = start + timedelta(days=days, seconds=seconds)
    except OverflowError:
        return fifteen_digits(value)
    kinds = {kind for kind, _ in pieces}
    if seconds == 0 and "d" in kinds and "h" in kinds:
        pieces = _until_time(pieces)  # a day, as it was typed: midnight is nobody's
    halves = "half" in kinds
    return "".join(_piece(kind, text, moment, value, halves) for kind, text in pieces).strip()


def _until_time(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Without the time where it stands behind the day."""
    first = next(index for index, (kind, _) in enumerate(pieces) if kind == "h")
    last = max(index for index, (kind, _) in enumerate(pieces) if kind in ("y", "m", "d"))
    return pieces if first < last else pieces[: last + 1]


def _piece(kind: str, text: str, moment: datetime, value: float, halves: bool) -> str:
    match kind:
        case "y":
            return f"{moment.year:04}" if len(text) > 2 else f"{moment.year % 100:02}"
        case "m":
            name = MONTHS[moment.month - 1]
            return _padded(moment.month, text) if len(text) < 3 else {3: name[:3], 5: name[:1]}.get(len(text), name)
        case "d":
            name = DAYS[moment.weekday()]
            return _padded(moment.day, text) if len(text) < 3 else name[:3] if len(text) == 3 else name
        case "h":
            return _padded((moment.hour - 1) % 12 + 1 if halves else moment.hour, text)
        case "minute":
            return _padded(moment.minute, text)
        case "s":
            return _padded(moment.second, text)
        case "fraction":
            return f".{moment.microsecond:06}"[: len(text)]
        case "half":
            return text.split("/")[moment.hour >= 12]
        case "elapsed h" | "elapsed m" | "elapsed s":
            unit = {"h": 3600, "m": 60, "s": 1}[kind[-1]]
            return str(int(round(value * 86_400) // unit)).zfill(len(text))
    return text


def _padded(number: int, text: str) -> str:
    return f"{number:02}" if len(text) == 2 else str(number)


def show_date_text(text: str) -> str:
    """A day or a moment that the file has as ISO 8601: 2026-05-02T00:00:00 → 2026-05-02."""
    day, _, clock = text.partition("T")
    clock = clock.removesuffix("Z").partition(".")[0]
    return day if clock in ("", "00:00:00") else f"{day} {clock}".strip()
