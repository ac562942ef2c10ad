"""What was recorded plays in a browser, also what was cut off."""

from pathlib import Path

import pytest
from playwright.sync_api import Route

from recorder.mp4.boxes import lengths_for
from recorder.mp4.fragments import FragmentMuxer
from recorder.mp4.head import comment_of
from tests.footage import footage_of
from tests.recorder.clips import HEIGHT, WIDTH, make_clip
from tests.web.browsing import a_browser

pytestmark = pytest.mark.needs("chromium")

PAGE = '<video id="footage" src="/footage.mp4" muted></video>'
#: Seeks, and answers with the size, the length, and how much the pixels of that moment differ.
LOOK = """async (at) => {
  const video = document.getElementById("footage");
  const happens = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  if (video.readyState < 2) await happens("loadeddata");
  video.currentTime = at;
  await happens("seeked");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const levels = pixels.filter((_, at) => at % 4 !== 3);
  const contrast = Math.max(...levels) - Math.min(...levels);
  return [video.videoWidth, video.videoHeight, video.duration, contrast];
}"""


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_it_plays_from_any_moment(tmp_path: Path, b_frames: int, is_cut: bool) -> None:
    sent = footage_of(make_clip(tmp_path / "clip.mp4", seconds=4, b_frames=b_frames))
    recorded = bytearray()
    label = '{"kind":"vigil_segment","version":1}'
    muxer = FragmentMuxer(sent.template, write=recorded.extend, label=label)
    for entry in sent.entries:
        muxer.add(entry)
    if not is_cut:
        muxer.close()
    assert comment_of(recorded) == label.encode()
    for at, length in lengths_for(bytes(recorded), 3.5 if is_cut else 4):
        recorded[at : at + len(length)] = length

    def serve(route: Route) -> None:
        if route.request.url.endswith(".mp4"):
            route.fulfill(body=bytes(recorded), content_type="video/mp4")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    with a_browser() as browser:
        page = browser.new_page()
        page.route("http://footage.test/**", serve)
        page.goto("http://footage.test/")
        width, height, length_s, contrast = page.evaluate(LOOK, 2.5)

    assert (width, height) == (WIDTH, HEIGHT)
    assert length_s == pytest.approx(3.5 if is_cut else 4, abs=0.1)
    assert contrast > 100
