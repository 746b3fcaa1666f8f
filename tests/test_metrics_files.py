"""Where counts are kept: with their space taken before they are mapped, in a folder of memory, or in none at all."""

from __future__ import annotations

import errno
import os

import pytest

from tests.support.small_disk import small_disk
from wesend.core import settings
from wesend.web import metrics_folder
from wesend.web.metrics_files import AllocatedDict


def filled(counts: AllocatedDict, number: int) -> None:
    for index in range(number):
        counts.write_value(f"count {index} {'x' * 200}", float(index), 0.0)


def test_counts_are_read_by_others_and_have_their_space(tmp_path):
    path = str(tmp_path / "counter_1.db")
    counts = AllocatedDict(path)
    filled(counts, 2000)
    found = os.stat(path)
    assert found.st_blocks * 512 >= found.st_size > 2**18
    assert sum(value for _, value, _, _ in AllocatedDict.read_all_values_from_file(path)) == sum(range(2000))
    counts.close()


@pytest.mark.parametrize("refused_from", [0, 1, 3])
def test_on_a_full_disk_they_go_on_in_memory(tmp_path, monkeypatch, refused_from):
    calls, real = [], os.posix_fallocate

    def fallocate(*arguments):
        calls.append(arguments)
        if len(calls) > refused_from:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*arguments)

    monkeypatch.setattr(os, "posix_fallocate", fallocate)
    counts = AllocatedDict(str(tmp_path / "counter_1.db"))
    filled(counts, 3000)
    assert [counts.read_value(f"count {index} {'x' * 200}")[0] for index in (0, 1500, 2999)] == [0.0, 1500.0, 2999.0]
    counts.close()


def test_on_a_disk_that_is_really_full_nothing_is_killed(tmp_path):
    with small_disk(tmp_path / "disk", 1) as disk:
        counts = AllocatedDict(str(disk.path / "counter_1.db"))
        disk.fill()
        filled(counts, 3000)  # a process that touched a page without space would be gone
        counts.close()
        other = AllocatedDict(str(disk.path / "counter_2.db"))
        filled(other, 10)
        assert other.read_value(f"count 9 {'x' * 200}")[0] == 9.0 and not (disk.path / "counter_2.db").exists()
        other.close()


@pytest.fixture
def values(tmp_path):
    return settings.load({"WESEND_INSTANCE": str(tmp_path)})


def test_the_folder_is_its_owners_alone_and_goes_with_the_server(values, monkeypatch, tmp_path):
    monkeypatch.setattr(metrics_folder, "_parents", lambda _: [tmp_path / "metrics"])
    first, second = metrics_folder.make(values), metrics_folder.make(values)
    assert first is not None and second is not None and first.path.stat().st_mode & 0o777 == 0o700
    os.close(first.held)  # its server is gone
    third = metrics_folder.make(values)
    assert third is not None and not first.path.exists() and second.path.exists()
    for folder in (second, third):
        folder.remove()
        os.close(folder.held)
        assert not folder.path.exists()


def test_with_a_file_in_its_place_there_is_none_and_with_another_place_there_is(values, monkeypatch, tmp_path):
    (tmp_path / "metrics").touch()
    monkeypatch.setattr(metrics_folder, "_parents", lambda _: [tmp_path / "metrics"])
    assert metrics_folder.make(values) is None
    monkeypatch.setattr(metrics_folder, "_parents", lambda _: [tmp_path / "metrics", tmp_path / "other"])
    found = metrics_folder.make(values)
    assert found is not None and found.path.parent.name == "other"
    found.remove()
    os.close(found.held)
