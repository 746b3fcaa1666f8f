"""Cells of a CSV that people will open in a spreadsheet, which runs what looks like a formula."""

from __future__ import annotations

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

INSIDE = re.compile(r'([;,\t\r\n][ "]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])')
"""A formula's start behind what may be a separator: a spreadsheet that splits at semicolons makes a cell of its own of it,
whatever quotes stand around the whole."""

MARKED = re.compile(r"'(?=[ \t]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")
MARKED_INSIDE = re.compile(INSIDE.pattern.replace(")(?=", ")'(?=", 1))


def safe_cell(value: object) -> str:
    """The value as text; what starts like a formula (after spaces) gets an apostrophe before it, inside the cell too. A number
    is none, whatever its sign."""
    if isinstance(value, int | float):
        return str(value)
    text = "" if value is None else str(value)
    blank = len(text) - len(text.lstrip(" \t"))
    mark = "'" if text.lstrip(" ").startswith(FORMULA_STARTS) else ""
    return mark + text[:blank] + INSIDE.sub(r"\1'", text[blank:])


def without_marks(cell: str) -> str:
    """What `safe_cell` was given: a file of ours that is read again says what it said."""
    if "'" not in cell:
        return cell
    return MARKED_INSIDE.sub(r"\1", cell[1:] if MARKED.match(cell) else cell)
