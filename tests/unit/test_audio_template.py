"""A template tells what the audio of a camera is, whatever codec; and no audio spoils one."""

from pathlib import Path

import av
import pytest

from tests.cameras import rtsp_camera
from tests.recorder.clips import make_clip
from tests.recorder.sounds import SOUNDS, Sound, make_sounding_clip
from vigil.bus.packets.base import Template
from vigil.media.template import AudioParameters, audio_in, reopened, template_of


def template_of_clip(source: str) -> Template:
    with av.open(source, timeout=10) as container:
        video = container.streams.video[0]
        first = next(packet for packet in container.demux(video) if packet.is_keyframe)
        return template_of([video, *container.streams.audio], bytes(first))


def audio_of(template: Template) -> AudioParameters | None:
    with reopened(template) as container:
        assert container.streams.video[0].codec_context.width == 160
        return audio_in(container)


@pytest.mark.parametrize("name", SOUNDS)
def test_it_tells_codec_rate_and_channels(tmp_path: Path, name: str) -> None:
    sound = SOUNDS[name]
    told = audio_of(template_of_clip(str(make_sounding_clip(tmp_path, sound, seconds=1))))

    assert told is not None
    codec = sound.codec.split()[0].removeprefix("lib")
    assert (told.codec, told.sample_rate, told.channels) == (codec, sound.rate, sound.channels)


def test_g726_over_rtp_is_told_from_that_of_files(tmp_path: Path) -> None:
    # RFC 3551 orders its bits otherwise than a WAV file does
    clip = make_sounding_clip(tmp_path, SOUNDS["G.726"], seconds=1)
    with rtsp_camera(clip) as camera:
        over_rtp = template_of_clip(camera.url)
    in_file = template_of_clip(str(clip))

    assert audio_of(over_rtp) == AudioParameters("g726le", 8000, 1)
    assert audio_of(in_file) == AudioParameters("g726", 8000, 1)
    assert over_rtp.template_id != in_file.template_id


def test_audio_that_a_template_has_no_place_for_is_named_all_the_same(tmp_path: Path) -> None:
    clip = make_sounding_clip(tmp_path, Sound("mp4", "alac", 48_000, 2, 0.1), seconds=1)

    assert audio_of(template_of_clip(str(clip))) == AudioParameters("alac", 48_000, 2)


def test_audio_of_which_nothing_is_known_leaves_the_video(tmp_path: Path) -> None:
    # Given a camera whose audio is announced, and never comes
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    with av.open(clip) as container:
        video = container.streams.video[0]
        first = next(packet for packet in container.demux(video) if packet.is_keyframe)
        with av.open(tmp_path / "other.nut", "w") as other:
            unknown = other.add_stream("pcm_mulaw", rate=8000)
            unknown.codec_context.sample_rate = 0
            template = template_of([video, unknown], bytes(first))

    assert audio_of(template) is None


def test_a_camera_without_sound_has_a_template_without(tmp_path: Path) -> None:
    assert audio_of(template_of_clip(str(make_clip(tmp_path / "clip.mp4", seconds=1)))) is None
