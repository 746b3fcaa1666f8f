"""Everything here runs in an app context."""

from ..support.domain_fixtures import carrier, in_context, upstreams  # noqa: F401 (fixtures)
