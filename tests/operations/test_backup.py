"""Backups by the clock: one when the newest is old enough, and no more kept than are asked for."""

from __future__ import annotations

import os
import stat

import pytest
from flask import current_app

from wesend.coordination.leadership import Election
from wesend.database.schema_version import DatabaseProblem, current_revision, known_revisions
from wesend.operations import backup, notices, postgresql_dump

HOUR = 3600


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def context(app_with, folder, clock):
    with app_with(WESEND_BACKUP_DIR=str(folder), WESEND_BACKUP_HOURS="6", WESEND_BACKUP_KEEP="3").app_context():
        yield


@pytest.fixture
def ending(context) -> str:
    """Of a backup's name."""
    return backup.ending()


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_first_is_made_at_once_for_its_owner_only(context, folder, ending):
    made = backup.back_up_when_due()
    assert made == folder / f"wesend-20260610T120000Z{ending}"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    if ending == ".db":  # of the other, `tests/hosts/test_backup.py` restores one
        assert current_revision(made) == known_revisions()[-1]


def test_the_next_is_made_when_the_newest_is_old_enough(context, folder, clock, ending):
    backup.back_up_when_due()
    clock.advance(6 * HOUR - 1)
    assert backup.back_up_when_due() is None
    assert backup.age_ms() == (6 * HOUR - 1) * 1000
    clock.advance(1)
    assert backup.back_up_when_due() is not None
    assert names(folder) == [f"wesend-20260610T120000Z{ending}", f"wesend-20260610T180000Z{ending}"]


def test_the_oldest_go_and_no_file_of_anybody_else(context, folder, clock, ending):
    folder.mkdir()
    (folder / "wesend-by-hand.db").write_text("mine")
    for _ in range(5):
        backup.back_up_when_due()
        clock.advance(6 * HOUR)
    assert names(folder) == [
        f"wesend-20260611T000000Z{ending}",
        f"wesend-20260611T060000Z{ending}",
        f"wesend-20260611T120000Z{ending}",
        "wesend-by-hand.db",
    ]


def test_a_clock_that_was_ahead_holds_up_no_backup(context, folder, clock):
    clock.advance(1000 * HOUR)
    backup.back_up_when_due()
    clock.advance(-1000 * HOUR)
    made = backup.back_up_when_due()
    assert made is not None and made.exists()


def test_nor_does_it_have_one_made_after_the_other_until_the_clock_has_caught_up(context, folder, clock):
    """Five seconds lie between two looks: the true ones would have been pushed out within a minute."""
    for _ in range(2):
        backup.back_up_when_due()
        clock.advance(6 * HOUR)
    clock.advance(24 * HOUR)
    ahead = backup.back_up_when_due()
    clock.advance(-24 * HOUR)
    before = names(folder)
    made = backup.back_up_when_due()
    for _ in range(12):
        clock.advance(5)
        assert backup.back_up_when_due() is None
    assert backup.age_ms() == 60_000
    assert names(folder) == [*before[:2], made.name], f"{ahead} is of nobody knows when"
    for _ in range(4):
        clock.advance(6 * HOUR)
        assert backup.back_up_when_due() is not None
    assert len(names(folder)) == 3


def test_one_that_fails_is_tried_again_after_five_minutes(context, folder, clock):
    folder.write_text("a file")
    with pytest.raises(OSError):
        backup.back_up_when_due()
    folder.unlink()
    clock.advance(299)
    assert backup.back_up_when_due() is None
    clock.advance(1)
    assert backup.back_up_when_due() is not None


def test_none_is_begun_that_does_not_fit(context, folder, ending, monkeypatch):
    if ending != ".db":
        pytest.skip("an archive's size is not known before")
    monkeypatch.setattr(backup, "database_bytes", lambda: 2**60)
    with pytest.raises(DatabaseProblem, match="MB are free, 1099511"):
        backup.back_up_when_due()
    assert names(folder) == []


@pytest.fixture
def run_the_jobs(context):
    """Of several hosts the one that does makes the backups, and tells of them."""
    election = Election(current_app._get_current_object())
    yield election.stand
    if election.descriptor is not None:
        os.close(election.descriptor)


def test_that_none_was_ever_made_is_told(run_the_jobs, folder, clock):
    def told() -> list[str]:
        run_the_jobs()
        return [notice.condition for notice in notices.notices(actor="system")]

    folder.write_text("a file")
    assert told() == ["backup"]
    folder.unlink()
    backup.back_up_when_due()
    assert told() == []
    clock.advance(14 * HOUR)
    assert told() == ["backup"]


def test_what_a_killed_backup_left_is_removed(context, folder, ending):
    folder.mkdir()
    (folder / ".wesend-20260610T060000Z.db.4711.partial").write_text("half")
    backup.back_up_when_due()
    assert names(folder) == [f"wesend-20260610T120000Z{ending}"]


def test_a_folder_that_can_not_be_used_is_one_sentence(context, folder, monkeypatch):
    for home, name in ((backup, "_copy"), (postgresql_dump, "dump")):
        monkeypatch.setattr(home, name, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DatabaseProblem, match="No space left"):
        backup.back_up_when_due()
    assert names(folder) == []


def test_without_a_folder_none_is_made(app_with, clock):
    with app_with().app_context():
        assert backup.back_up_when_due() is None and backup.age_ms() is None
