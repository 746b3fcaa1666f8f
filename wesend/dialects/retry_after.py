"""When a refused call may be tried again."""

from __future__ import annotations

from ..core.errors import RateLimited, StorageFull

STORAGE_SECONDS = 10


def retry_after(error: Exception) -> dict[str, str]:
    """The header of a refusal that ends by itself; none for any other."""
    if isinstance(error, StorageFull):
        return {"Retry-After": str(STORAGE_SECONDS)}
    return {"Retry-After": str(error.retry_after)} if isinstance(error, RateLimited) else {}
