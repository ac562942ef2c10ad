"""A camera that saw much is deleted as any other: no statement takes longer for it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.servers import execute
from tests.web.worlds import World
from web.audit.models import AuditEntry
from web.database import db
from web.lines.models import LineCrossing
from web.tracks.models import Track

AT_ONCE = 3
SEEN = 10

HISTORY = f"""
INSERT INTO tracks (camera_id, epoch, number, revision, label, confidence, opened_at, seen_at,
                    looks, first_box, last_box, zones)
SELECT %(camera)s, 1, n, 1, 'person', 0.5, now(), now(), 1, '{{1,2,3,4}}', '{{1,2,3,4}}', '{{}}'
FROM generate_series(1, {SEEN}) AS n;
INSERT INTO line_crossings (camera_id, epoch, track, line_id, line_name, direction, label, at)
SELECT %(camera)s, 1, n, 1, 'Gate', 'in', 'person', now() FROM generate_series(1, {SEEN}) AS n;
"""  # noqa: S608  # Our own numbers.
REFUSE_MANY = f"""
CREATE FUNCTION refuse_many() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM gone) > {AT_ONCE} THEN RAISE 'too many rows at once'; END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608
ON_DELETE = """
CREATE TRIGGER refuse_many AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION refuse_many();
"""


@pytest.fixture
def bounded(world: World, migrated: str) -> Iterator[World]:
    """Give a world in which no statement removes many tracks or crossings at once."""
    tables = ("tracks", "line_crossings")
    execute(migrated, REFUSE_MANY + "".join(ON_DELETE.format(table=each) for each in tables))
    yield world
    execute(migrated, "DROP FUNCTION refuse_many CASCADE")


def test_what_a_camera_saw_is_removed_bit_by_bit(
    bounded: World, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.cameras.service.CHANGED_AT_ONCE", AT_ONCE)
    door, yard = bounded.camera("Door"), bounded.camera("Yard")
    for camera_id in (door, yard):
        execute(migrated, HISTORY % {"camera": camera_id})

    answer = bounded.admin().delete(f"/cameras/{door}")

    assert answer.json == {"message": "Camera deleted."}
    with bounded.app.app_context():
        for column in (Track.camera_id, LineCrossing.camera_id):
            assert db.session.scalars(sa.select(column)).all() == [yard] * SEEN
        trail = db.session.query(AuditEntry).filter_by(action="camera.deleted").all()
        assert len(trail) == 1


def test_nobody_empties_a_camera_that_they_may_not_delete(bounded: World, migrated: str) -> None:
    door = bounded.camera("Door")
    execute(migrated, HISTORY % {"camera": door})

    answer = bounded.viewer_of(door).delete(f"/cameras/{door}")

    assert answer.status_code == 403
    with bounded.app.app_context():
        assert db.session.query(Track).count() == SEEN
