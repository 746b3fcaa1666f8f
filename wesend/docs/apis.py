"""The four documented APIs, by name."""

from .esms import API as esms
from .wasambazie import API as wasambazie
from .wesendall import API as wesendall
from .worldledgers import API as worldledgers

APIS = {api.name: api for api in (wesendall, wasambazie, esms, worldledgers)}
