"""The archive over a real PostgreSQL: what recorders tell, what people are shown, and the files."""

from datetime import time
from typing import Any
from uuid import UUID

import pytest

from tests.web.archive import BEGAN_US, VOLUME, Archive, S, at
from vigil.bus.leases.redis import RedisLeases
from vigil.camera_document import RecordingRules, ScheduleSpan
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import GapFact, SegmentDeleted
from vigil.keys import Role as BusRole
from vigil.messages import GapReason, RecordingStatus
from web.access.rights import Role


def test_a_file_is_shown_from_its_beginning_on(archive: Archive) -> None:
    archive.file(archive.segment(0, None))
    [grows] = archive.listed()
    assert (grows["begun_at"], grows["ended_at"], grows["size_bytes"]) == (at(0), None, 0)

    archive.file(archive.segment(0, 60))
    [done] = archive.listed()
    del done["id"]
    assert done == {
        "camera_id": archive.camera,
        "begun_at": at(0),
        "ended_at": at(60),
        "size_bytes": 1000,
        "codec": "h264",
        "width_px": 1920,
        "height_px": 1080,
        "is_protected": False,
    }


@pytest.mark.parametrize("together", [True, False])
def test_the_newest_of_a_file_stays_in_whatever_order_it_is_told(
    archive: Archive, together: bool
) -> None:
    facts = [archive.segment(0, 60), archive.segment(0, None), archive.segment(0, 60)]
    for batch in [facts] if together else [[fact] for fact in facts]:
        archive.file(*batch)

    [segment] = archive.listed()
    assert segment["ended_at"] == at(60)


def test_what_is_deleted_is_gone_also_when_it_is_told_at_once(archive: Archive) -> None:
    gone = archive.segment(0, 60)
    stays = archive.segment(60, 120)
    deleted = SegmentDeleted(camera_id=gone.camera_id, volume=VOLUME, path=gone.path)

    archive.file(gone, stays, deleted, deleted)

    assert [segment["begun_at"] for segment in archive.listed()] == [at(60)]


def test_times_with_footage_are_joined_and_those_without_have_a_reason(archive: Archive) -> None:
    gap = GapFact(
        camera_id=archive.segment(0, 1).camera_id,
        epoch=5,
        begun_us=BEGAN_US + 120 * S,
        ended_us=BEGAN_US + 180 * S,
        reason=GapReason.DISK,
    )
    archive.file(
        archive.segment(0, 60),
        archive.segment(60, 120),
        gap,
        gap,
        # One that was recorded twice, in part
        archive.segment(180, 240),
        archive.segment(230, 260),
        archive.segment(260, None),
    )

    assert archive.availability() == {
        "recorder": None,
        "spans": [
            {"begun_at": at(0), "ended_at": at(120)},
            {"begun_at": at(180), "ended_at": None},
        ],
        "gaps": [{"begun_at": at(120), "ended_at": at(180), "reason": "disk"}],
    }
    of_a_minute = archive.availability("?since=2026-09-21T14:13:30Z&until=2026-09-21T14:14:00Z")
    assert of_a_minute["spans"] == [{"begun_at": at(0), "ended_at": at(60)}]
    assert of_a_minute["gaps"] == []


def test_what_its_recorder_says_is_told(archive: Archive) -> None:
    camera = CameraId(archive.camera)
    leases = RedisLeases(archive.world.queue, role=BusRole.RECORDING)
    epoch = leases.acquire(camera, "recorder", ttl_s=60, last_seen=Epoch(0))
    assert epoch is not None
    status = RecordingStatus(
        owner="recorder",
        epoch=epoch,
        error="No space left on device",
        audio_error="mp2 audio is not recorded",
        encoding_error="the encoder hung",
        safe_us=BEGAN_US,
    )
    archive.world.wiring.recordings.put(camera, status, epoch=epoch)

    assert archive.availability()["recorder"] == {
        "error": "No space left on device",
        "audio_error": "mp2 audio is not recorded",
        "encoding_error": "the encoder hung",
        "since": None,
        "safe_until": at(0),
        "waiting": False,
    }


def test_a_span_that_is_none_is_refused(archive: Archive) -> None:
    answer = archive.world.admin().get(
        f"/recordings/{archive.camera}/availability"
        "?since=2026-09-21T15:00:00Z&until=2026-09-21T14:00:00Z"
    )
    assert answer.status_code == 422
    assert "until" in str(answer.json)


def test_a_file_is_given_whole_and_in_parts(archive: Archive) -> None:
    fact = archive.segment(0, 60)
    archive.content(fact, bytes(range(100)))
    archive.file(fact)
    [segment] = archive.listed()
    path = f"/recordings/files/{segment['id']}"

    whole = archive.world.admin().get(path)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.headers["Content-Length"] == "100"
    part = archive.world.admin().get(path, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == "bytes 10-19/100"
    beyond = archive.world.admin().get(path, headers={"Range": "bytes=200-"})
    assert beyond.status_code == 416


def test_files_that_are_not_there_are_not_found(archive: Archive) -> None:
    elsewhere = archive.segment(60, 120, volume=UUID(int=2))
    archive.content(elsewhere, b"x")
    archive.file(archive.segment(120, 180), elsewhere)

    answers = [
        archive.world.admin().get(f"/recordings/files/{segment['id']}")
        for segment in archive.listed()
    ]
    # The newest first: what is on another machine is not gone
    assert [answer.status_code for answer in answers] == [503, 404]
    assert str(elsewhere.volume) in answers[0].json["message"]
    assert "was deleted" in answers[1].json["message"]


@pytest.mark.parametrize(
    "path", ["../secret_key", "/etc/passwd", "9/2026-09-21/1.mp4", "1/../../1.mp4", "1/1.mp4"]
)
def test_a_fact_of_a_file_that_is_not_its_cameras_is_set_aside(archive: Archive, path: str) -> None:
    said = archive.segment(0, 60).model_copy(update={"path": path})

    archive.file(said)

    assert archive.listed() == []
    [aside] = archive.world.admin().get("/set_aside_facts").json
    assert "path" in aside["reason"]


def test_who_may_not_see_a_camera_sees_none_of_its_footage(archive: Archive) -> None:
    fact = archive.segment(0, 60)
    archive.content(fact, b"x")
    archive.file(fact)
    [segment] = archive.listed()
    stranger = archive.world.person(Role.VIEWER, "stranger")

    assert archive.listed(by=stranger) == []
    assert stranger.get(f"/recordings?camera_id={archive.camera}").status_code == 404
    assert stranger.get(f"/recordings/files/{segment['id']}").status_code == 404


@pytest.mark.parametrize("asked", ["file", "signature", "deletion"])
def test_a_file_of_a_hidden_camera_looks_like_one_that_is_none(
    archive: Archive, asked: str
) -> None:
    fact = archive.segment(0, 60)
    archive.content(fact, b"x")
    archive.file(fact)
    [segment] = archive.listed()
    stranger = archive.world.person(Role.VIEWER, "stranger")

    def answer(segment_id: int) -> tuple[int, str]:
        path = f"/recordings/files/{segment_id}"
        if asked == "file":
            got = stranger.get(path)
        elif asked == "signature":
            got = stranger.post("/stream_tokens", {"path": path})
        else:
            got = stranger.delete(path)
        return got.status_code, got.json["message"].replace(str(segment_id), "N")

    assert answer(segment["id"]) == answer(777)


def test_unmasked_footage_is_for_admins_alone(archive: Archive) -> None:
    fact = archive.segment(0, 60)
    archive.content(fact, b"x")
    archive.file(fact)
    [segment] = archive.listed()
    path = f"/recordings/files/{segment['id']}"
    operator = archive.world.person(Role.OPERATOR, "operator")
    granted = archive.world.viewer_of(archive.camera, username="granted")
    assert {each.get(path).status_code for each in (operator, granted)} == {200}

    mask = [{"x": 1, "y": 1, "width": 9, "height": 9}]
    assert archive.world.admin().post(f"/masks/{archive.camera}", mask).status_code == 200

    for each in (operator, granted):
        answer = each.get(path)
        assert answer.status_code == 403
        assert "privacy masks" in answer.json["message"]
    assert archive.world.admin().get(path).status_code == 200


def test_facts_of_cameras_that_are_gone_are_dropped(archive: Archive) -> None:
    archive.file(archive.segment(0, 60))
    assert archive.world.admin().delete(f"/cameras/{archive.camera}").status_code == 200
    archive.file(archive.segment(60, 120))

    assert archive.listed() == []
    assert archive.world.admin().get("/set_aside_facts").json == []


RULES = {
    "recording": "schedule",
    "recording_schedule": [{"start_time": "22:00", "end_time": "06:00", "days": [4, 5]}],
    "recording_pre_s": 8.0,
    "recording_post_s": 30.0,
    "record_while_watched": True,
}


def test_what_a_mode_leaves_open_goes_to_the_recorder(archive: Archive) -> None:
    admin, path = archive.world.admin(), f"/cameras/{archive.camera}"

    changed = admin.patch(path, RULES)

    assert changed.status_code == 200
    assert {name: admin.get(path).json[name] for name in RULES} == RULES
    [document] = archive.world.store.documents([CameraId(archive.camera)]).values()
    assert document.recording == "schedule"
    span = ScheduleSpan(start_time=time(22), end_time=time(6), days=(4, 5))
    assert document.recording_rules == RecordingRules(
        schedule=(span,), pre_s=8, post_s=30, while_watched=True
    )


@pytest.mark.parametrize(
    "change",
    [
        {"recording_pre_s": 26},
        {"recording_post_s": -1},
        {"recording_schedule": [{"start_time": "25:00", "end_time": "06:00"}]},
        {"recording_schedule": "at night"},
        {"recording_started": True},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    archive: Archive, change: dict[str, Any]
) -> None:
    admin, path = archive.world.admin(), f"/cameras/{archive.camera}"
    before = admin.get(path).json

    answer = admin.patch(path, change)

    assert answer.status_code == 422
    assert next(iter(change)) in str(answer.json["errors"])
    assert admin.get(path).json == before


def test_by_hand_it_is_recorded_until_somebody_stops_it(archive: Archive) -> None:
    admin, camera = archive.world.admin(), archive.camera
    assert admin.patch(f"/cameras/{camera}", {"recording": "manual"}).status_code == 200

    def rules() -> RecordingRules:
        [document] = archive.world.store.documents([CameraId(camera)]).values()
        return document.recording_rules

    started = admin.post(f"/recordings/{camera}/start")
    assert (started.status_code, started.json["recording_started"]) == (200, True)
    assert rules().is_started
    for takes in (1, 2):
        assert admin.post(f"/recordings/{camera}/reset").status_code == 200
        assert rules().takes == takes
    assert admin.post(f"/recordings/{camera}/stop").json["recording_started"] is False
    assert not rules().is_started
    actions = [each["action"] for each in admin.get("/audit").json]
    assert {"recording.started", "recording.reset", "recording.stopped"} <= set(actions)


def test_what_is_off_is_not_recorded_by_hand_either(archive: Archive) -> None:
    for action in ("start", "reset"):
        answer = archive.world.admin().post(f"/recordings/{archive.camera}/{action}")
        assert answer.status_code == 409
        assert "set its recording to manual" in answer.json["message"]


def test_a_camera_is_recorded_when_somebody_says_so(archive: Archive) -> None:
    admin, path = archive.world.admin(), f"/cameras/{archive.camera}"
    assert admin.get(path).json["recording"] == "off"

    changed = admin.patch(path, {"recording": "continuous"})

    assert (changed.status_code, changed.json["recording"]) == (200, "continuous")
    [document] = archive.world.store.documents([CameraId(archive.camera)]).values()
    assert document.recording == "continuous"
    assert admin.patch(path, {"recording": "sometimes"}).status_code == 422


def test_audio_is_recorded_when_somebody_says_so(archive: Archive) -> None:
    admin, path = archive.world.admin(), f"/cameras/{archive.camera}"
    assert admin.get(path).json["record_audio"] is False

    changed = admin.patch(path, {"record_audio": True})

    assert (changed.status_code, changed.json["record_audio"]) == (200, True)
    [document] = archive.world.store.documents([CameraId(archive.camera)]).values()
    assert document.record_audio
    assert admin.patch(path, {"record_audio": "loud"}).status_code == 422


def test_a_camera_has_limits_of_its_own_when_somebody_says_so(archive: Archive) -> None:
    admin, path = archive.world.admin(), f"/cameras/{archive.camera}"
    limits = {"recording_kept_days": 7.5, "recording_max_bytes": 10**10}
    assert dict.fromkeys(limits) == {name: admin.get(path).json[name] for name in limits}

    changed = admin.patch(path, limits)

    assert (changed.status_code, limits) == (200, {name: changed.json[name] for name in limits})
    [document] = archive.world.store.documents([CameraId(archive.camera)]).values()
    assert (document.recording_kept_days, document.recording_max_bytes) == (7.5, 10**10)
    assert admin.patch(path, dict.fromkeys(limits)).json["recording_max_bytes"] is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("recording_kept_days", 0, "greater than 0"),
        ("recording_kept_days", 3651, "3650"),
        ("recording_kept_days", "a week", "Not a valid number"),
        ("recording_max_bytes", 1000, "1048576"),
        ("recording_max_bytes", 2**53, "9007199254740991"),
        ("recording_max_bytes", 1.5e9, "Not a valid integer"),
        ("recording_max_bytes", True, "Not a valid integer"),
    ],
)
def test_limits_that_are_none_are_refused_with_what_would_be_right(
    archive: Archive, field: str, value: object, said: str
) -> None:
    answer = archive.world.admin().patch(f"/cameras/{archive.camera}", {field: value})
    assert answer.status_code == 422
    assert said in str(answer.json["errors"]), answer.json
