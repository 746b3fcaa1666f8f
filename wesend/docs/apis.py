"""The four documented APIs, by name."""

from ..dialects.esms.documents import API as esms
from ..dialects.wasambazie.documents import API as wasambazie
from ..dialects.wesendall.documents import API as wesendall
from ..dialects.worldledgers.documents import API as worldledgers

APIS = {api.name: api for api in (wesendall, wasambazie, esms, worldledgers)}
