"""Everything here runs in an app context, some of it beside other processes on the same instance."""

from ..support.gateway_fixtures import in_context, other  # noqa: F401 (fixtures)
