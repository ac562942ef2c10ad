"""A masked camera, on every way by which pixels leave, as everybody who may see it.

A route that returns pixels and is not walked here fails the test: somebody has to walk it.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.cameras import CameraProcess, Fault, rtsp_camera
from tests.e2e.client import PASSWORD, Client, Reply
from tests.e2e.footage import Footage, Image, decoded
from tests.e2e.machine import Machine
from tests.e2e.viewing import Part, Viewer
from tests.servers import execute
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.frames.redis import RedisFrameStore
from vigil.domain.camera import CameraId
from web.access.rules import RULES
from web.images.folder import PictureFolder

pytestmark = pytest.mark.timeout(300)

LIVE_S, SOON_S = 60.0, 20.0
#: What was made before masks were saved is gone within so long; and what a busy machine adds.
GONE_WITHIN_S, MARGIN_S = 1.5, 1.0
#: Where people walk, over the whole width of 640; and what of it is looked at: no edge, no footer.
MASK = {"x": 0, "y": 90, "width": 640, "height": 200}
INNER_Y, INNER_X = (0.36, 0.72), (0.1, 0.9)
#: A JPEG's black, and less than anything in the street by day.
BLACK = 24

Shots = Callable[[Client, int], list[bytes]]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with one recogniser, and accounts in every role."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, services=("web", "ingest", "recognise-1")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD) == []


@pytest.fixture(scope="module")
def camera(footage: Footage) -> Iterator[CameraProcess]:
    with rtsp_camera(footage.path) as it:
        yield it


@pytest.fixture(scope="module")
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    number = machine.admin.add_camera("Street", camera.url)
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    return number


@pytest.fixture(scope="module")
def people(machine: Machine, camera_id: int) -> dict[str, Client]:
    """Give everybody who may see the camera, by role."""
    operator, viewer = Client(machine.port), Client(machine.port)
    operator.register("operator")
    viewer.register("viewer")
    admin = machine.admin
    changed = admin.patch(f"/accounts/{operator.account_uuid}", {"role": "operator"})
    assert changed.status == 200, changed.body
    assert admin.put(f"/cameras/{camera_id}/grants/{viewer.account_uuid}").status == 204
    operator.log_in()
    return {"admin": admin, "operator": operator, "viewer": viewer}


@pytest.fixture(scope="module")
def saved_path(machine: Machine, camera_id: int) -> str:
    """Give the path of a picture that was saved while there were no masks."""
    wait_until_shown(machine, camera_id, shows_street)
    jpeg = live(machine.admin.get(f"/get_snapshot/{camera_id}"))
    now = datetime.now(UTC)
    folder = PictureFolder(machine.folder / "homes" / "web" / "pictures")
    path = folder.write(camera_id, jpeg, captured_at=now)
    execute(
        machine.postgres.url,
        "INSERT INTO saved_pictures (path, camera_id, created_at)"  # noqa: S608  # Our own.
        f" VALUES ('{path}', {camera_id}, now())",
    )
    return path


@pytest.fixture(autouse=True)
def unmasked(machine: Machine, camera_id: int) -> Iterator[None]:
    """Leave no masks to the next test."""
    yield
    machine.admin.delete(f"/masks/{camera_id}")


def live(answer: Reply) -> bytes:
    """Return the picture of an answer that shows the camera as it is now."""
    assert answer.status == 200, answer.body
    assert "x-camera-status" not in answer.headers
    return answer.body


def middle(jpeg: bytes) -> Image:
    """Return what a picture shows where the mask is, whatever its size."""
    image = decoded(jpeg)
    height, width = image.shape[:2]
    rows, columns = ([round(side * part) for part in parts] for side, parts in
                     ((height, INNER_Y), (width, INNER_X)))  # fmt: skip
    return image[rows[0] : rows[1], columns[0] : columns[1]]


def is_masked(jpeg: bytes) -> bool:
    return bool(middle(jpeg).max() < BLACK)


def shows_street(jpeg: bytes) -> bool:
    """Return whether a picture shows what the mask is to hide."""
    # The street is light and grey; the picture of no signal is purple, with hardly any green.
    return bool(np.median(middle(jpeg)[..., 1]) > 100)


def snapshot(client: Client, camera_id: int) -> list[bytes]:
    return [live(client.get(f"/get_snapshot/{camera_id}"))]


def streamed(path: str) -> Shots:
    """Return what takes some pictures of a stream."""

    def shots(client: Client, camera_id: int) -> list[bytes]:
        with Viewer(client, path.format(camera_id=camera_id)) as viewer:
            return [part.jpeg for part in viewer.wait_for(4, timeout_s=SOON_S)]

    return shots


STREAM = "/get_stream/<id:camera_id>"
BOXED = "/recognized_stream/<id:camera_id>"
#: Each route that returns pixels of a camera, and how to take some. The page /snapshot_ui shows
#: what /get_snapshot returns.
PIXELS: dict[str, Shots] = {
    "/get_snapshot/<id:camera_id>": snapshot,
    STREAM: streamed("/get_stream/{camera_id}"),
    BOXED: streamed("/recognized_stream/{camera_id}"),
    "/recognized_stream": streamed("/recognized_stream?camera_ids={camera_id}&row=1&column=1"),
    # By the path of a picture that was saved: see below.
    "/image/<path:path>": lambda _client, _camera_id: [],
}


#: Kept as the camera sent it, so of a masked camera it is for admins alone: the files, what names
#: them, and pictures of them; see tests/web/test_{recordings,playback,thumbnails}.py.
FOOTAGE = {
    "/recordings/files/<id:segment_id>",
    "/recordings/<id:camera_id>/playlist.m3u8",
    "/recordings/<id:camera_id>/thumbnail",
}
#: As footage; see tests/web/test_exports.py.
EXPORT, EXPORTED = "/exports/<id:export_id>", "/exports/<id:export_id>/file"


def test_every_route_that_returns_pixels_is_walked(
    machine: Machine, camera_id: int, saved_path: str
) -> None:
    by_token = {path for (_, path), rule in RULES.items() if rule.by_stream_token}
    assert by_token - {EXPORTED} == PIXELS.keys() | FOOTAGE

    answering_with_pixels = set()
    for method, rule in RULES:
        if method != "GET" or rule in PIXELS or rule in FOOTAGE | {EXPORT, EXPORTED}:
            continue
        path = rule.replace("<path:filename>", "style.css").replace("<path:path>", saved_path)
        for kind in ("<id:camera_id>", "<id:invitation_id>"):
            path = path.replace(kind, str(camera_id))
        assert "<" not in path, "a route of another kind: say here how it is called"
        kind = machine.admin.get(path).headers.get("content-type", "")
        if kind.startswith(("image/", "multipart/", "video/", "application/octet-stream")):
            answering_with_pixels.add(rule)
    assert answering_with_pixels == set()


def test_masked_pixels_reach_nobody_by_any_way(
    machine: Machine, camera_id: int, people: dict[str, Client], saved_path: str
) -> None:
    # Given a camera that everybody sees as it is
    ways = {**PIXELS, "/image/<path:path>": saved(saved_path)}
    wait_until_shown(machine, camera_id, shows_street)
    for way, take in ways.items():
        assert any(shows_street(jpeg) for jpeg in take(machine.admin, camera_id)), way

    # When it is masked
    assert machine.admin.post(f"/masks/{camera_id}", [MASK]).status == 200
    wait_until_shown(machine, camera_id, is_masked)

    # Then nobody sees what is beneath, by no way
    seen = {
        (way, role): [is_masked(jpeg) for jpeg in take(client, camera_id)]
        for way, take in ways.items()
        for role, client in people.items()
    }
    assert {each: all(masked) for each, masked in seen.items()} == dict.fromkeys(seen, True)
    assert all(seen.values())
    # Nor whoever reads Redis
    with connect(machine.media.url) as redis:
        for kind in keys.FrameKind:
            store = RedisFrameStore(redis, kind=kind)
            assert is_masked(store.newest([CameraId(camera_id)])[CameraId(camera_id)])


def saved(path: str) -> Shots:
    return lambda client, _camera_id: [live(client.get(f"/image/{path}"))]


def wait_until_shown(machine: Machine, camera_id: int, condition: Callable[[bytes], bool]) -> None:
    """Wait until both streams show what is wanted."""
    for kind in ("get_stream", "recognized_stream"):
        with Viewer(machine.admin, f"/{kind}/{camera_id}") as viewer:
            wait_until(partial(has_shown, viewer, condition), timeout_s=LIVE_S)


def has_shown(viewer: Viewer, condition: Callable[[bytes], bool]) -> bool:
    return any(condition(part.jpeg) for part in viewer.frames()[-3:])


@pytest.mark.parametrize("fps", [5.0, 0.1], ids=["as ever", "a picture each ten seconds"])
def test_running_streams_show_nothing_from_before_after_a_moment(
    machine: Machine, camera: CameraProcess, fps: float
) -> None:
    number = machine.admin.add_camera(f"At {fps}", camera.url, frame_fps=fps)
    paths = [f"/get_stream/{number}", f"/recognized_stream/{number}"]
    paths.append(f"/recognized_stream?camera_ids={number}")
    viewers = [Viewer(machine.admin, path) for path in paths]
    try:
        for viewer in viewers:
            wait_until(partial(shows_last, viewer), timeout_s=LIVE_S)

        saved_s = time.monotonic()
        assert machine.admin.post(f"/masks/{number}", [MASK]).status == 200
        # So that each of them shows something new after the masks
        wait_until(
            lambda: all(late(viewer, saved_s) for viewer in viewers),
            timeout_s=SOON_S,
        )

        for viewer in viewers:
            assert [part for part in late(viewer, saved_s) if shows_street(part.jpeg)] == []
            last = next(part for part in reversed(viewer.parts) if shows_street(part.jpeg))
            assert last.at_s - saved_s < GONE_WITHIN_S + MARGIN_S
    finally:
        for viewer in viewers:
            viewer.leave()
        machine.admin.delete(f"/cameras/{number}")


def test_pictures_of_a_camera_service_that_does_not_learn_of_masks_are_not_shown(
    machine: Machine, camera_id: int
) -> None:
    wait_until_shown(machine, camera_id, shows_street)
    paths = [f"/get_stream/{camera_id}", f"/recognized_stream/{camera_id}"]
    viewers = [Viewer(machine.admin, path) for path in paths]
    try:
        # Given one that hangs, whose decoders go on
        with machine.paused("ingest"):
            saved_s = time.monotonic()
            assert machine.admin.post(f"/masks/{camera_id}", [MASK]).status == 200
            wait_until(lambda: all(late(each, saved_s) for each in viewers), timeout_s=SOON_S)
            seen = [part.jpeg for each in viewers for part in late(each, saved_s)]
            seen.append(machine.admin.get(f"/get_snapshot/{camera_id}").body)
            with connect(machine.media.url) as redis:
                raw = RedisFrameStore(redis, kind=keys.FrameKind.RAW)
                assert shows_street(raw.newest([CameraId(camera_id)])[CameraId(camera_id)])
        assert not any(shows_street(jpeg) for jpeg in seen)
    finally:
        for viewer in viewers:
            viewer.leave()
    wait_until_shown(machine, camera_id, is_masked)


def shows_last(viewer: Viewer) -> bool:
    return bool(viewer.parts) and shows_street(viewer.parts[-1].jpeg)


def late(viewer: Viewer, saved_s: float) -> list[Part]:
    return [part for part in viewer.parts if part.at_s > saved_s + GONE_WITHIN_S + MARGIN_S]


def test_a_camera_that_is_added_with_masks_never_shows_what_they_hide(
    machine: Machine, camera: CameraProcess
) -> None:
    body: dict[str, Any] = {"masks": [{**MASK, "frame_width": 640, "frame_height": 360}]}
    number = machine.admin.add_camera("Masked from the start", camera.url, **body)
    with (
        Viewer(machine.admin, f"/get_stream/{number}") as raw,
        Viewer(machine.admin, f"/recognized_stream/{number}") as boxed,
    ):
        for viewer in (raw, boxed):
            viewer.wait_for_frame(timeout_s=LIVE_S)
            viewer.wait_for(10)
    machine.admin.delete(f"/cameras/{number}")

    for viewer in (raw, boxed):
        assert len(viewer.frames()) > 5
        assert all(is_masked(part.jpeg) for part in viewer.frames())
        assert not any(shows_street(part.jpeg) for part in viewer.parts)


def test_while_recognition_is_away_and_when_the_camera_dies_nothing_beneath_is_shown(
    machine: Machine, camera: CameraProcess, camera_id: int, people: dict[str, Client]
) -> None:
    machine.admin.post(f"/masks/{camera_id}", [MASK])
    wait_until_shown(machine, camera_id, is_masked)

    machine.stop("recognise-1")
    with Viewer(people["viewer"], f"/recognized_stream/{camera_id}") as viewer:
        viewer.wait_for_substitute(timeout_s=SOON_S)
        viewer.wait_for(5)
        # The raw picture with a banner, and then the picture of no signal
        assert is_masked(viewer.parts[-1].jpeg)
        camera.fault(Fault.FREEZE)
        wait_until(lambda: not machine.admin.is_active(camera_id), timeout_s=SOON_S)
        viewer.wait_for(3)
        dead = people["viewer"].get(f"/get_snapshot/{camera_id}")
        parts = [part.jpeg for part in viewer.parts]

    assert dead.headers["x-camera-status"] == "inactive"
    assert not any(shows_street(jpeg) for jpeg in [*parts, dead.body])
    assert not is_masked(dead.body)
    # Nobody gets it by taking the masks off a dead camera either
    machine.admin.delete(f"/masks/{camera_id}")
    assert not shows_street(machine.admin.get(f"/get_snapshot/{camera_id}").body)
    camera.fault(Fault.NONE)
    machine.start("recognise-1")
    wait_until(lambda: machine.admin.is_active(camera_id), timeout_s=LIVE_S)
