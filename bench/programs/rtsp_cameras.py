"""Several cameras in one process, out of step with each other, as real ones are.

``python -m bench.programs.rtsp_cameras CLIP COUNT`` prints one line of URLs, then plays until it
is ended. Each camera is so much later in the clip that their keyframes are spread over a GOP.
"""

import asyncio
import sys
from pathlib import Path

from bench.clips import FPS, GOP_S
from standalone.demo.rtsp.conversation import PATH
from standalone.demo.rtsp.media import load
from standalone.demo.rtsp.server import RtspCamera

_HOST = "127.0.0.1"


async def _serve(path: Path, count: int) -> None:
    media = load(path)
    urls = []
    for _ in range(count):
        camera = RtspCamera(media)
        server = await camera.listen(host=_HOST, port=0)
        urls.append(f"rtsp://{_HOST}:{server.sockets[0].getsockname()[1]}{PATH}")
        # A camera's programme begins with the camera.
        await asyncio.sleep(GOP_S / count + 1 / (FPS * count))
    print(" ".join(urls), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
