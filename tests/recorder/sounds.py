"""Clips with sound whose every beep is known, and what others than us hear in a file."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.footage import Footage
from tests.recorder.clips import payloads_of

#: A beep of 1 kHz begins so often, and is so long.
BEEP_EVERY_S, BEEP_S = 0.5, 0.06
_HEARD_HZ = 48_000


@dataclass(frozen=True, slots=True)
class Sound:
    """A codec as ffmpeg makes it.

    Attributes:
        suffix: Of the container.
        codec: What ffmpeg is told.
        frame_s: How long a frame of it is in our file: of what is encoded, one of AAC.
        is_copied: Whether the file holds what the camera sent.
        stamp_s: What a container's stamps are rounded to.
    """

    suffix: str
    codec: str
    rate: int
    channels: int
    frame_s: float
    is_copied: bool = False

    @property
    def stamp_s(self) -> float:
        return 0.001 if self.suffix == "mkv" else 0.0

    def payload(self, data: bytes) -> bytes:
        """Return what of a packet is in a file: what stands behind an ADTS header."""
        return data[7:] if self.suffix == "ts" else data


SOUNDS = {
    "AAC": Sound("mp4", "aac", 48_000, 2, 1024 / 48_000, is_copied=True),
    "AAC mono": Sound("mp4", "aac", 16_000, 1, 1024 / 16_000, is_copied=True),
    "AAC with ADTS": Sound("ts", "aac", 44_100, 2, 1024 / 44_100, is_copied=True),
    "Opus": Sound("mkv", "libopus", 48_000, 2, 0.02, is_copied=True),
    "A-law": Sound("mkv", "pcm_alaw", 8_000, 1, 1024 / 8_000),
    "u-law": Sound("mov", "pcm_mulaw", 8_000, 1, 1024 / 8_000),
    "G.726": Sound("mkv", "g726 -b:a 32k", 8_000, 1, 1024 / 8_000),
    "G.722": Sound("mkv", "g722", 16_000, 1, 1024 / 16_000),
    "PCM": Sound("mov", "pcm_s16be", 48_000, 2, 1024 / 48_000),
    "PCM 24": Sound("mkv", "pcm_s24le", 44_100, 2, 1024 / 44_100),
    "PCM 8": Sound("avi", "pcm_u8", 11_025, 1, 1024 / 11_025),
}


def make_sounding_clip(
    folder: Path,
    sound: Sound,
    *,
    seconds: int,
    gop: int = 25,
    b_frames: int = 0,
    video: str = "libx264 -preset ultrafast -sc_threshold 0",
) -> Path:
    """Write a clip by ffmpeg: noise to see, and a beep at each half second to hear."""
    seen = f"-f lavfi -i testsrc2=s=160x96:r=25:d={seconds}"
    made = f"-c:v {video} -g {gop} -bf {b_frames}"
    return _beeping(seen, made, folder, sound, seconds)


def add_beeps(clip: Path, folder: Path, sound: Sound) -> Path:
    """Write a clip as it is, with a beep at each half second of its time."""
    with av.open(clip) as container:
        assert container.duration is not None
        seconds = round(container.duration / av.time_base)
    return _beeping(f"-i {clip}", "-map 0:v -map 1:a -c:v copy", folder, sound, seconds)


def _beeping(seen: str, made: str, folder: Path, sound: Sound, seconds: int) -> Path:
    path = folder / f"clip.{sound.suffix}"
    beep = f"if(lt(mod(t,{BEEP_EVERY_S}),{BEEP_S}),0.5*sin(2*PI*1000*t),0)"
    heard = "|".join([beep] * sound.channels).replace(",", "\\,")
    command = (
        f"ffmpeg -v error -y {seen} -f lavfi -i aevalsrc={heard}:s={sound.rate}:d={seconds} "
        # As over RTP: packets of 20 ms, of those codecs that know no frames.
        f"-af asetnsamples=n={sound.rate // 50} {made} -c:a {sound.codec} -flush_packets 0 "
    ).split()
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path


def beeps_in(path: Path) -> list[float]:
    """Return when each beep of a file begins, by ffmpeg: in seconds of the file's time."""
    heard = heard_in(path)
    window = _HEARD_HZ // 1000
    loud = np.abs(heard[: len(heard) // window * window]).reshape(-1, window).max(axis=1) > 0.1
    # Between two beats of a beep nothing is silent for long.
    quiet_ms = 100
    found: list[float] = []
    last = -quiet_ms
    for at in np.flatnonzero(loud):
        if at - last >= quiet_ms:
            found.append(float(at) / 1000)
        last = int(at)
    return found


def heard_in(path: Path) -> NDArray[np.float32]:
    """Return the sound of a file from its time 0 on, at 48 kHz, by ffmpeg, which knows no mercy."""
    filters = f"aresample={_HEARD_HZ}:async=1:min_hard_comp=0.001:first_pts=0"
    command = ["ffmpeg", "-v", "error", "-xerror", "-copyts", "-i", str(path), "-map", "0:a:0"]
    command += ["-af", filters, "-ac", "1", "-f", "f32le", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, np.float32)


def audio_payloads_of(path: Path) -> list[bytes]:
    """Return what each packet of a file's audio holds."""
    with av.open(path) as container:
        if not container.streams.audio:
            return []
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def shown_from_s(sent: Footage, path: Path) -> float:
    """Return where a file's time 0 is in that of its camera: the dts of its first picture."""
    first = payloads_of(path)[0]
    for entry in sent.entries:
        packet = entry.packet
        if packet.stream_index == 0 and _same_picture(packet.data, first):
            return float(packet.dts * packet.time_base)
    raise AssertionError("the file begins with a picture that was never sent")


def _same_picture(sent: bytes, recorded: bytes) -> bool:
    # Start codes become lengths, and parameter sets may stand before: the end is the same.
    return sent[-64:] == recorded[-64:]
