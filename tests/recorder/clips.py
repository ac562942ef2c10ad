"""Small clips with known packets, made here."""

import os
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from recorder.mp4.boxes import boxes_of_file, outline_of

WIDTH, HEIGHT, FPS = 160, 96, 25


def make_clip(
    path: Path, *, seconds: int, codec: str = "libx264", gop: int = 25, b_frames: int = 0
) -> Path:
    """Write a clip in which every frame is another."""
    rng = np.random.default_rng(5)
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        if codec == "libx265":
            keyframes = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}"
            stream.options = {"x265-params": f"{keyframes}:open-gop=0:log-level=none"}
        elif codec == "libx264":
            stream.options = {"sc_threshold": "0", "preset": "ultrafast"}
        for _ in range(seconds * FPS):
            small = rng.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3)).astype(np.uint8)
            picture = small.repeat(16, axis=0).repeat(16, axis=1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def payloads_of(path: Path) -> list[bytes]:
    """Return what each packet of a file's video holds, in the order of decoding."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def frames_in(path: Path) -> int:
    """Return how many frames decode, of a file that must have no error."""
    with av.open(path) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        return sum(1 for _ in container.decode(video=0))


def whole_bytes(content: bytes | bytearray) -> int:
    """Return up to where a file is whole that holds this."""
    with os.fdopen(os.memfd_create("footage"), "r+b", buffering=0) as file:
        file.write(content)
        return outline_of(boxes_of_file(file.fileno())).whole
