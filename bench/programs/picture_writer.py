"""A camera that is always there: a picture of 100 kB, each the newest for a tenth of a second.

``python -m bench.programs.picture_writer CLIP REDIS_URL CAMERA_ID`` prints a line when it begins.
"""

import sys
from itertools import cycle
from pathlib import Path

import redis

from bench.frames import FrameWriter, jpegs_of
from bench.interleave import pause
from vigil.domain.camera import CameraId

SIZE_WH = (1280, 720)
PICTURES_PER_S = 10
PICTURE_BYTES = 100_000
_PICTURES = 20


def main() -> None:
    """Write until ended."""
    clip, redis_url, camera_id = sys.argv[1:]
    jpegs = _padded(Path(clip))
    with redis.Redis.from_url(redis_url) as client:
        writer = FrameWriter(client, CameraId(int(camera_id)), size_wh=SIZE_WH)
        print("ready", flush=True)
        for jpeg in cycle(jpegs):
            writer.write(jpeg)
            # From the end of the write: after a pause of this process nothing is caught up with,
            # so that no picture is replaced before anybody could have read it.
            pause(1 / PICTURES_PER_S)


def _padded(clip: Path) -> list[bytes]:
    """Return pictures of one size each; readers stop at the end marker, before the padding."""
    pictures = jpegs_of(clip, every=5, size_wh=SIZE_WH, quality=60)
    return [next(pictures).ljust(PICTURE_BYTES, b"\0") for _ in range(_PICTURES)]


if __name__ == "__main__":
    main()
