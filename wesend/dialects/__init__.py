"""The vendors' APIs that wesend speaks: a folder each, and its name in this list."""

from .dialect import Dialect
from .esms import dialect as esms
from .wasambazie import dialect as wasambazie
from .wesendall import dialect as wesendall
from .worldledgers import dialect as worldledgers

DIALECTS: tuple[Dialect, ...] = (wesendall, wasambazie, esms, worldledgers)
