"""Why there is no footage of some time: told as long as somebody can wonder."""

from tests.web.archive import BEGAN_US, VOLUME, Archive, S
from vigil.facts import GapFact, SegmentDeleted
from vigil.messages import GapReason
from web.facts.writer import TIDY_EVERY_S

DAY_S = 86_400


def a_gap(archive: Archive, begun_s: float, ended_s: float) -> GapFact:
    return GapFact(
        camera_id=archive.segment(0, 1).camera_id,
        epoch=5,
        begun_us=BEGAN_US + round(begun_s * S),
        ended_us=BEGAN_US + round(ended_s * S),
        reason=GapReason.DISK,
    )


def tidied(archive: Archive, *, days: float) -> int:
    """Return how many gaps are told once so much time passed, and the writer tidied up."""
    archive.world.clock.advance(days * DAY_S + TIDY_EVERY_S)
    archive.world.log_in(archive.world.admin())
    archive.writer.run_once()
    return len(archive.availability()["gaps"])


def test_a_gap_is_told_as_long_as_its_camera_has_older_footage(archive: Archive) -> None:
    oldest = archive.segment(0, 60)
    archive.file(oldest, a_gap(archive, 60, 120), archive.segment(120, 180))

    assert tidied(archive, days=40) == 1

    deleted = SegmentDeleted(camera_id=oldest.camera_id, volume=VOLUME, path=oldest.path)
    archive.file(deleted)
    assert tidied(archive, days=0) == 0


def test_a_gap_is_told_for_thirty_days_where_no_footage_is_older(archive: Archive) -> None:
    archive.file(a_gap(archive, 60, 120), archive.segment(120, 180))

    assert tidied(archive, days=29) == 1
    assert tidied(archive, days=2) == 0


def test_footage_of_another_camera_keeps_no_gap(archive: Archive) -> None:
    yard = archive.world.camera("Yard")
    archive.file(
        archive.segment(0, 60, camera_id=yard, path=f"{yard}/2026-09-21/0.mp4"),
        a_gap(archive, 60, 120),
    )

    assert tidied(archive, days=40) == 0
