"""Workers' counts in files that are mapped into memory, so that any of them can tell the sum.

A map of a file that is only promised its space (prometheus_client makes it longer by `truncate`) ends the process with
SIGBUS when the disk is full. So every byte is there before it is mapped, and where that can't be had the counts stay in
the worker's own memory: nobody else tells them then, but it goes on serving.
"""

from __future__ import annotations

import mmap
import os
from typing import BinaryIO

from prometheus_client import values
from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

LONGEST_ENTRY = 1024  # bytes beside its key


class AllocatedDict(MmapedDict):
    """prometheus_client's file of counts, with its space on the disk before it is written to."""

    _f: BinaryIO | None  # type: ignore[assignment]  # None: the counts are in memory

    def __init__(self, filename: str, read_mode: bool = False):
        try:
            if not read_mode:
                _allocate(filename)
            super().__init__(filename, read_mode)
        except OSError:
            if read_mode:
                raise
            self._f, self._positions, self._used, self._capacity = None, {}, 8, _INITIAL_MMAP_SIZE
            self._m = mmap.mmap(-1, self._capacity)

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + LONGEST_ENTRY > self._capacity:
            self._grow(2 * self._capacity)
        super()._init_value(key)

    def _grow(self, capacity: int) -> None:
        try:
            if self._f is None:
                raise OSError
            os.posix_fallocate(self._f.fileno(), 0, capacity)
            self._m = mmap.mmap(self._f.fileno(), capacity)
        except OSError:
            wider = mmap.mmap(-1, capacity)
            wider[: self._used] = self._m[: self._used]
            if self._f is not None:
                self._f.close()
            self._f, self._m = None, wider
        self._capacity = capacity


def _allocate(filename: str) -> None:
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, max(_INITIAL_MMAP_SIZE, os.fstat(descriptor).st_size))
    except OSError:
        os.unlink(filename)  # one without its space would be mapped by whoever comes next
        raise
    finally:
        os.close(descriptor)


def allocate_what_is_mapped() -> None:
    """Before the first count is made."""
    values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]  # the package has no types
