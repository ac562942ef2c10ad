"""Small pictures of recorded moments: the right ones, and for who may see them."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np
import psutil
import pytest

from standalone.demo.counter import read_counter
from tests.cameras.clips import SMALL, CardClip
from tests.footage import Footage, footage_of
from tests.recorder.clips import make_clip
from tests.waiting import wait_until
from tests.web.recorded import BEGAN, Archive, at, later
from tests.web.worlds import Answer, Caller, World
from vigil.bus.packets.base import EntryId
from web.access.rights import Role
from web.playback.shelf import GopShelf
from web.playback.thumbnails.decoder import ASKERS, DecoderBusy, KeyframeDecoder
from web.playback.thumbnails.keyframe import Keyframe, read_keyframe

#: Of the clip: a keyframe each ten pictures.
FPS, GOP = 25, 10
SIZE_WH = (640, 360)


@pytest.fixture
def archive(world: World) -> Archive:
    return Archive(world)


@pytest.fixture
def sent(card_clip: CardClip) -> Footage:
    return footage_of(card_clip(replace(SMALL, size_wh=SIZE_WH, length_s=10.0)))


@pytest.fixture
def camera_id(archive: Archive, sent: Footage) -> int:
    """Give a camera of which ten seconds were recorded, in four files."""
    number = archive.world.camera()
    archive.record(number, sent)
    return number


def thumbnail(who: Caller, camera_id: int, at_s: float, query: str = "") -> Answer:
    return who.get(f"/recordings/{camera_id}/thumbnail?at={at(at_s)}{query}")


def picture(archive: Archive, camera_id: int, at_s: float, query: str = "") -> cv2.typing.MatLike:
    """Return the pixels of a moment."""
    world = archive.world
    answer = world.admin().client.get(
        f"/recordings/{camera_id}/thumbnail?at={at(at_s)}{query}",
        headers={"Authorization": f"Bearer {world.admin().access_token}"},
        buffered=True,
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    decoded = cv2.imdecode(np.frombuffer(answer.get_data(), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize("at_s", [0, 0.01, 0.39, 0.41, 3.19, 3.21, 4.5, 9.61, 9.99, 12])
def test_the_keyframe_at_a_moment_or_before_is_shown(
    archive: Archive, camera_id: int, at_s: float
) -> None:
    number = min(int(at_s * FPS), 249) // GOP * GOP

    shown = picture(archive, camera_id, at_s)

    assert read_counter(shown.astype(np.uint8)) == number
    answer = thumbnail(archive.world.admin(), camera_id, at_s)
    captured_at = BEGAN + timedelta(seconds=number / FPS)
    assert answer.headers["X-Captured-At"] == captured_at.isoformat()


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("", (180, 320)),
        ("&width=160", (90, 160)),
        ("&width=33", (18, 32)),
        # Never wider than the footage, and never wider than a thumbnail
        ("&width=640", (360, 640)),
    ],
)
def test_it_is_as_wide_as_asked(
    archive: Archive, camera_id: int, query: str, shape: tuple[int, int]
) -> None:
    assert picture(archive, camera_id, 1, query).shape[:2] == shape


@pytest.mark.parametrize("query", ["&width=641", "&width=31", "&width=0", "&width=wide"])
def test_a_width_that_is_none_is_refused(archive: Archive, camera_id: int, query: str) -> None:
    answer = thumbnail(archive.world.admin(), camera_id, 1, query)
    assert answer.status_code == 422
    assert "width" in answer.json["message"]


def test_its_colours_are_those_of_the_footage(archive: Archive, camera_id: int) -> None:
    shown = picture(archive, camera_id, 1)
    # The bars of the test card, below its number: white, yellow, cyan, green, magenta, red, blue
    bars = [shown[60, round((bar + 0.5) * 320 / 7)] for bar in range(7)]
    wanted = [(191, 191, 191), (0, 191, 191), (191, 191, 0), (0, 191, 0), (191, 0, 191),
              (0, 0, 191), (191, 0, 0)]  # fmt: skip
    assert np.abs(np.subtract(bars, wanted)).max() < 16


def test_h265_and_files_that_begin_later_are_shown_too(
    archive: Archive, camera_id: int, sent: Footage
) -> None:
    hevc = footage_of(
        make_clip(archive.folder.parent / "hevc.mp4", seconds=4, codec="libx265", b_frames=2)
    )
    archive.record(camera_id, later(hevc, 60))
    assert picture(archive, camera_id, 62).shape == (96, 160, 3)
    assert picture(archive, camera_id, 62).std() > 20


@pytest.mark.parametrize(("at_s", "words"), [(-1, ""), (30, "ends at 2026-09-21T14:13:30")])
def test_where_nothing_was_recorded_it_says_so(
    archive: Archive, camera_id: int, at_s: float, words: str
) -> None:
    answer = thumbnail(archive.world.admin(), camera_id, at_s)
    assert answer.status_code == 404
    assert f"no footage of camera {camera_id} at 2026" in answer.json["message"]
    assert words in answer.json["message"]
    assert archive.world.admin().get("/recordings/99/thumbnail?at=" + at(0)).status_code == 404
    assert archive.world.admin().get(f"/recordings/{camera_id}/thumbnail").status_code == 422


def test_a_browser_may_keep_what_will_not_change_and_nobody_else(
    archive: Archive, camera_id: int, sent: Footage
) -> None:
    done = thumbnail(archive.world.admin(), camera_id, 1)
    assert done.headers["Cache-Control"] == "private, max-age=600"
    assert {each.strip() for each in done.headers["Vary"].split(",")} >= {"Authorization", "Cookie"}

    growing = archive.world.camera("Yard")
    grows = archive.recorder(growing, sent, segment_s=60)
    grows.position = EntryId("1-0")
    grows.take(sent.entries[:130], now_s=1.0)
    grows.sync(now_s=1.0)
    archive.file()
    assert thumbnail(archive.world.admin(), growing, 9).headers["Cache-Control"] == "no-store"


def test_who_may_not_see_a_camera_or_what_its_masks_hide_sees_no_picture(
    archive: Archive, camera_id: int
) -> None:
    world = archive.world
    operator, granted = world.person(Role.OPERATOR), world.viewer_of(camera_id)
    stranger = world.person(Role.VIEWER, "stranger")
    url = granted.post(
        "/stream_tokens", {"path": f"/recordings/{camera_id}/thumbnail?at={at(1)}"}
    ).json["url"]
    assert {thumbnail(each, camera_id, 1).status_code for each in (operator, granted)} == {200}
    assert world.stranger().get(url).status_code == 200
    assert thumbnail(stranger, camera_id, 1).status_code == 404
    assert thumbnail(world.stranger(), camera_id, 1).status_code == 401

    world.admin().post(f"/masks/{camera_id}", [{"x": 1, "y": 1, "width": 9, "height": 9}])

    # Also of one that was made, and is kept
    for each in (operator, granted):
        assert thumbnail(each, camera_id, 1).status_code == 403
    assert world.stranger().get(url).status_code == 403
    assert thumbnail(world.admin(), camera_id, 1).status_code == 200


def test_of_a_file_that_is_deleted_no_picture_is_left(archive: Archive, camera_id: int) -> None:
    assert thumbnail(archive.world.admin(), camera_id, 1).status_code == 200
    archive.files()[0].unlink()
    assert thumbnail(archive.world.admin(), camera_id, 1).status_code == 404


@pytest.mark.parametrize("seed", range(12))
def test_garbage_in_a_file_is_a_picture_or_an_answer_in_words(
    archive: Archive, camera_id: int, seed: int
) -> None:
    path, random = archive.files()[0], np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    begin, end = ((0, 800), (800, 1100), (1000, len(content)))[seed % 3]
    for place in random.integers(begin, end, 40):
        content[place] = random.integers(256)
    path.write_bytes(content)

    answer = thumbnail(archive.world.admin(), camera_id, 0.1)

    assert answer.status_code in {200, 404}, answer.json
    if answer.status_code == 404:
        assert answer.json["message"]
    # And the others are shown as ever
    assert thumbnail(archive.world.admin(), camera_id, 4).status_code == 200


@pytest.fixture
def decoder() -> Iterator[KeyframeDecoder]:
    decoder = KeyframeDecoder()
    yield decoder
    decoder.close()


@pytest.fixture
def keyframe(archive: Archive, camera_id: int) -> Keyframe:
    path = archive.files()[0]
    gops = GopShelf().gops_of(path)
    assert gops is not None
    found = read_keyframe(path, gops, 0)
    assert found is not None
    return found


def children() -> list[psutil.Process]:
    """Return the processes of ours that decode."""
    ours = psutil.Process().children()
    return [each for each in ours if "web.playback.thumbnails.child" in each.cmdline()]


def test_a_process_that_was_killed_is_followed_by_another(
    decoder: KeyframeDecoder, keyframe: Keyframe
) -> None:
    before = {child.pid for child in children()}
    assert decoder.picture_of(keyframe, width_px=320)
    [child] = [child for child in children() if child.pid not in before]
    child.kill()
    assert decoder.picture_of(keyframe, width_px=320)


def test_what_decodes_knows_no_secret(
    decoder: KeyframeDecoder, keyframe: Keyframe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of web's")
    before = {child.pid for child in children()}
    decoder.picture_of(keyframe, width_px=320)
    [child] = [child for child in children() if child.pid not in before]
    assert child.environ().keys() <= {"PYTHONPATH", "LC_CTYPE"}


def test_what_decodes_ends_when_nobody_is_there_to_ask(
    decoder: KeyframeDecoder, keyframe: Keyframe
) -> None:
    before = {child.pid for child in children()}
    decoder.picture_of(keyframe, width_px=320)
    [child] = [child for child in children() if child.pid not in before]
    decoder.close()
    assert not child.is_running()


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1\x65", b"\xff" * 10_000])
def test_what_is_no_keyframe_has_no_picture(
    decoder: KeyframeDecoder, keyframe: Keyframe, data: bytes
) -> None:
    assert decoder.picture_of(keyframe._replace(data=data), width_px=320) is None
    assert decoder.picture_of(keyframe._replace(parameters=data), width_px=320) is None
    assert decoder.picture_of(keyframe, width_px=320)


def test_too_many_at_once_are_told_to_come_again_and_the_others_are_served(
    decoder: KeyframeDecoder, keyframe: Keyframe
) -> None:
    # Given a process that hangs, and as many askers as may wait
    before = {child.pid for child in children()}
    decoder.picture_of(keyframe, width_px=320)
    [child] = [child for child in children() if child.pid not in before]
    os.kill(child.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(ASKERS + 1) as threads:
        # A second process serves all of them but one
        asking = [threads.submit(decoder.picture_of, keyframe, width_px=320) for _ in range(ASKERS)]
        wait_until(lambda: sum(each.done() for each in asking) >= ASKERS - 1)
        os.kill(child.pid, signal.SIGCONT)
        assert all(each.result() for each in asking)

        for process in children():
            os.kill(process.pid, signal.SIGSTOP)
        try:
            asking = [
                threads.submit(decoder.picture_of, keyframe, width_px=320) for _ in range(ASKERS)
            ]
            wait_until(lambda: decoder._askers._value == 0)
            with pytest.raises(DecoderBusy, match="Too many thumbnails"):
                decoder.picture_of(keyframe, width_px=320)
        finally:
            for process in children():
                os.kill(process.pid, signal.SIGCONT)
        assert all(each.result() for each in asking)


def test_a_process_that_hangs_is_ended_and_followed_by_another(
    decoder: KeyframeDecoder, keyframe: Keyframe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.playback.thumbnails.decoder._ANSWER_S", 1.0)
    before = {child.pid for child in children()}
    decoder.picture_of(keyframe, width_px=320)
    [child] = [child for child in children() if child.pid not in before]
    os.kill(child.pid, signal.SIGSTOP)

    assert decoder.picture_of(keyframe, width_px=320)
    assert not child.is_running()
