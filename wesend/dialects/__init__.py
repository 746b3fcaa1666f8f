"""The vendors' APIs that wesend speaks."""

from .esms import dialect as esms
from .wasambazie import dialect as wasambazie
from .wesendall import dialect as wesendall
from .worldledgers import dialect as worldledgers

DIALECTS = (wesendall, wasambazie, esms, worldledgers)
