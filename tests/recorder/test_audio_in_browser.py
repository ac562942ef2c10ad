"""What was heard is heard in a browser, at its time, from any moment on."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.footage import footage_of
from tests.recorder.listening import Sounding, numbered, recorded
from tests.recorder.served import served
from tests.recorder.sounds import BEEP_EVERY_S, SOUNDS, make_sounding_clip
from tests.recorder.studio import NOW_S, Studio
from tests.web.browsing import a_browser

pytestmark = pytest.mark.needs("chromium")

#: Plays from a moment on; answers with what was decoded, and when beeps began, by the video's time.
LISTEN = """async ([from_s, to_s]) => {
  const video = document.getElementById("footage");
  const happens = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", () => reject(video.error.message), { once: true });
  });
  if (video.readyState < 2) await happens("loadeddata");
  if (from_s) {
    video.currentTime = from_s;
    await happens("seeked");
  }
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 256;
  context.createMediaElementSource(video).connect(analyser);
  analyser.connect(context.destination);
  const samples = new Float32Array(analyser.fftSize);
  const beeps = [];
  let loudAt = -1;
  await video.play();
  while (!video.ended && video.currentTime < to_s) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    analyser.getFloatTimeDomainData(samples);
    if (Math.max(...samples) > 0.1) {
      if (video.currentTime - loudAt > 0.2) beeps.push(video.currentTime);
      loudAt = video.currentTime;
    }
  }
  return [video.webkitAudioDecodedByteCount, video.duration, beeps];
}"""
#: A browser's sound is some way behind its clock, and we look each few milliseconds.
WITHIN_S = 0.05
FLAG = "--autoplay-policy=no-user-gesture-required"


def listen(page: Page, path: Path, from_s: float, to_s: float) -> tuple[int, float, list[float]]:
    page.route("http://footage.test/**", served(path))
    page.goto("http://footage.test/")
    decoded, length_s, beeps = page.evaluate(LISTEN, [from_s, to_s])
    return decoded, length_s, beeps


@pytest.mark.parametrize("name", ["AAC", "AAC with ADTS", "Opus", "A-law", "G.726", "PCM"])
def test_it_is_heard_in_step(tmp_path: Path, name: str) -> None:
    clip = make_sounding_clip(tmp_path, SOUNDS[name], seconds=4)
    studio = Studio(tmp_path / "footage", footage_of(clip))
    recorded(studio)
    path = studio.files()[0]

    with a_browser(FLAG) as browser:
        page = browser.new_page()
        for from_s, count in ((0.0, 6), (1.3, 3)):
            decoded, length_s, beeps = listen(page, path, from_s, 2.9)

            assert decoded > 0
            # The last packet that began in time, and what fills a frame, are a little longer
            assert length_s == pytest.approx(3, abs=0.25)
            assert_in_step(beeps, count)


def test_it_is_in_step_behind_a_silence_too(tmp_path: Path, clips: dict[str, Sounding]) -> None:
    # Given a camera that is not heard between 1.2 and 3.3 s, and whose recorder died
    sent = clips["AAC"].footage
    entries = [
        entry
        for entry in sent.entries
        if entry.packet.stream_index == 0
        or not 1.2 < entry.packet.pts * entry.packet.time_base < 3.3
    ]
    studio = Studio(tmp_path, replace(sent, entries=numbered(entries)))
    camera = studio.camera(segment_s=60)
    camera.with_audio = True
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.sync(now_s=NOW_S)
    studio.camera()
    [path] = studio.files()

    with a_browser(FLAG) as browser:
        decoded, length_s, beeps = listen(browser.new_page(), path, 0.0, 5.9)

    assert decoded > 0
    assert length_s == pytest.approx(7, abs=1)
    assert not [beep for beep in beeps if 1.3 < beep < 3.4]
    assert_in_step(beeps, 3 + 5)


def assert_in_step(beeps: Sequence[float], count: int) -> None:
    # One that a busy machine did not look at in time is heard the next time
    assert count - 1 <= len(beeps) <= count
    late = [beep - round(beep / BEEP_EVERY_S) * BEEP_EVERY_S for beep in beeps]
    assert abs(statistics.median(late)) < WITHIN_S
