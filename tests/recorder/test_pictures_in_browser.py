"""Pictures that were recorded are shown by a browser, each at its time, in their own colours."""

import base64
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from standalone.demo.counter import draw_test_card, read_counter
from standalone.demo.paint.sprite import Image
from tests.recorder.cards import cards, recording, shown_at_s, taken
from tests.recorder.served import served
from tests.recorder.studio import Studio
from tests.web.browsing import a_browser

pytestmark = pytest.mark.needs("chromium")

#: Seeks to each moment; answers with what is shown then, as PNG, and with the length.
LOOK = """async (moments) => {
  const video = document.getElementById("footage");
  const happens = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  if (video.readyState < 2) await happens("loadeddata");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  const shown = [];
  for (const at of moments) {
    // A frame that is the same as before is not presented again.
    const presented = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const isLate = new Promise((resolve) => setTimeout(resolve, 500));
    video.currentTime = at;
    await happens("seeked");
    await Promise.race([presented, isLate]);
    context.drawImage(video, 0, 0);
    shown.push(canvas.toDataURL("image/png").split(",")[1]);
  }
  return [video.duration, shown];
}"""
#: What JPEG, H.264 and a browser may each change a colour by, together.
ABOUT = 12


@pytest.mark.parametrize(("size_wh", "fps"), [((160, 120), 10.0), ((1280, 720), 5.0)])
def test_every_picture_is_shown_at_its_time(
    tmp_path: Path, size_wh: tuple[int, int], fps: float
) -> None:
    sent = cards(30, size_wh=size_wh, fps=fps)
    studio = Studio(tmp_path, sent)
    with recording(studio) as camera:
        taken(camera, sent.entries)
        camera.close()
    [path] = studio.files()
    times_s = shown_at_s(path)
    # Half way to the next one; the first and the last as they begin
    moments = [0.0, *[(a + b) / 2 for a, b in itertools.pairwise(times_s)], times_s[-1] + 0.02]

    length_s, shown = _seen(path, moments)

    assert [read_counter(each) for each in shown] == [0, *range(29), 29]
    assert length_s == pytest.approx(30 / fps, abs=0.05)
    for number in (0, 17):
        wanted, found = draw_test_card(number, size_wh), shown[number + 1]
        # Within the bars, away from their edges
        row, width = size_wh[1] // 4, size_wh[0]
        for bar in range(7):
            column = round((bar + 0.5) * width / 7)
            levels = found[row, column].astype(int) - wanted[row, column].astype(int)
            assert np.abs(levels).max() <= ABOUT, (bar, found[row, column], wanted[row, column])


def _seen(path: Path, moments: list[float]) -> tuple[float, list[Image]]:
    with a_browser() as browser:
        page = browser.new_page()
        page.route("http://footage.test/**", served(path))
        page.goto("http://footage.test/")
        length_s, shown = page.evaluate(LOOK, moments)
    return length_s, [_image(each) for each in shown]


def _image(png: str) -> Image:
    content = np.frombuffer(base64.b64decode(png), np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)
