"""The vendors' APIs that wesend speaks."""

from .wesendall import dialect as wesendall

DIALECTS = (wesendall,)
