"""Chromium plays footage across files as one stream: what is seen at a moment was captured then."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace

import cv2
import gevent
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from standalone.demo.counter import read_counter
from standalone.processes.ports import free_port
from tests.cameras.clips import SMALL, CardClip
from tests.footage import footage_of
from tests.web.browsing import Visitor, log_in
from tests.web.recorded import Archive, later, playlist_path
from tests.web.worlds import World
from web.server import WebServer

pytestmark = pytest.mark.needs("chromium")

FPS, LONG = 25, replace(SMALL, length_s=10.0)
#: Opens footage in a page of ours; answers with its length.
OPEN = """async (address) => {
  const video = document.createElement("video");
  video.id = "footage";
  video.muted = true;
  document.body.append(video);
  const loaded = new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  video.src = address;
  await loaded;
  return video.duration;
}"""
#: Seeks; answers with the picture of that moment.
LOOK = """async (at) => {
  const video = document.getElementById("footage");
  const sought = new Promise((resolve, reject) => {
    video.addEventListener("seeked", resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  video.currentTime = at;
  await sought;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/png");
}"""
#: Plays from a moment on, as fast as it goes; answers with where it is when it has ended.
PLAY = """async (from) => {
  const video = document.getElementById("footage");
  video.currentTime = from;
  video.playbackRate = 4;
  const ended = new Promise((resolve, reject) => {
    video.addEventListener("ended", resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  await video.play();
  await ended;
  return video.currentTime;
}"""


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """Give the address of a world that is served as in life: ranges, and readers that break off."""
    port, stop, is_there = free_port(), threading.Event(), threading.Event()

    def serve() -> None:
        # In one thread, since a hub is a thread's own.
        server = WebServer(world.app, host="127.0.0.1", ports=[port])
        server.start()
        is_there.set()
        while not stop.is_set():
            server.run_once()
        server.stop()
        gevent.get_hub().destroy(destroy_loop=True)

    thread = threading.Thread(target=serve)
    thread.start()
    assert is_there.wait(10)
    yield f"http://127.0.0.1:{port}"
    stop.set()
    thread.join()


@pytest.fixture
def archive(world: World) -> Archive:
    return Archive(world)


def shown_at(page: Page, at_s: float) -> tuple[int | None, tuple[int, int]]:
    """Return which frame of the clip a player shows at a moment, and its width and height."""
    png = base64.b64decode(page.evaluate(LOOK, at_s).partition(",")[2])
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    height, width = image.shape[:2]
    return read_counter(image.astype(np.uint8)), (width, height)


def test_it_can_be_sought_across_files_a_gap_and_another_size(
    archive: Archive, address: str, visitor: Visitor, card_clip: CardClip
) -> None:
    # Given ten seconds in four files, half a minute of nothing, and four larger seconds in two
    larger = footage_of(card_clip(replace(SMALL, size_wh=(640, 360), length_s=4.0)))
    camera_id = archive.world.camera()
    archive.record(camera_id, footage_of(card_clip(LONG)))
    archive.record(camera_id, later(larger, 40))
    assert len(archive.files()) == 6

    # When somebody opens it who is logged in
    page = visitor.page()
    page.goto(f"{address}/login")
    log_in(page, archive.world.admin())
    page.wait_for_url(f"{address}/")
    length_s = page.evaluate(OPEN, playlist_path(camera_id, 0))

    # Then it is as long as what was recorded, and what is shown at a moment was captured then
    assert length_s == pytest.approx(14, abs=0.05)
    for at_s in (4.5, 0.02, 9.94, 3.22, 6.38, 12.02, 1.02, 13.9):
        # Half a frame into a frame, so that no rounding decides
        is_larger = at_s > 10
        wanted = int((at_s - (10 if is_larger else 0)) * FPS)
        assert shown_at(page, at_s + 0.01) == (wanted, larger_or(is_larger))
    # And it plays through to its end
    assert page.evaluate(PLAY, 2.0) == pytest.approx(length_s, abs=0.05)


def larger_or(is_larger: bool) -> tuple[int, int]:
    return (640, 360) if is_larger else (320, 180)


def test_a_signed_address_plays_in_a_browser_that_nobody_logged_in_to(
    archive: Archive, address: str, visitor: Visitor, card_clip: CardClip
) -> None:
    camera_id = archive.world.camera()
    archive.record(camera_id, footage_of(card_clip(LONG)))
    admin = archive.world.admin()
    signed = admin.post("/stream_tokens", {"path": playlist_path(camera_id, 5)}).json["url"]

    page = visitor.page()
    page.goto(f"{address}/login")
    page.evaluate(OPEN, signed)

    # From the keyframe with which the second file begins, the first one that shows it, on
    assert shown_at(page, 2.01)[0] == round(5.2 * FPS)


def test_footage_that_is_deleted_while_it_is_played_does_not_end_the_rest(
    archive: Archive, address: str, browser: Browser, card_clip: CardClip
) -> None:
    camera_id = archive.world.camera()
    archive.record(camera_id, footage_of(card_clip(LONG)))
    signed = archive.world.admin().post("/stream_tokens", {"path": playlist_path(camera_id, 0)})
    page = browser.new_page()
    page.goto(f"{address}/login")
    archive.files()[0].unlink()
    length_s = page.evaluate(OPEN, signed.json["url"])

    assert length_s == pytest.approx(6.8, abs=0.05)
    assert shown_at(page, 0.01)[0] == round(3.2 * FPS)
    page.close()
