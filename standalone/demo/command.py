"""``vigil demo-camera``: a camera for a machine that has none."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.rtsp.auth import Credentials, Scheme
from standalone.demo.rtsp.conversation import PATH
from standalone.demo.rtsp.media import load
from standalone.demo.rtsp.server import RtspCamera
from vigil.errors import SetupInvalid
from vigil.log import configure_logging
from vigil.settings import load as load_settings

log = structlog.get_logger(__name__)

DEFAULT_PORT = 8554
#: Raised with the picture, so that an older clip is not taken for this one's.
_CLIP_NAME = "street-1.mp4"


class DemoSettings(BaseSettings):
    """What of the core's settings the demo camera needs."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    vigil_home: Path = Field(default=Path(".vigil"), description="See CoreSettings.")
    log_level: str = Field(default="INFO", description="See CoreSettings.")


def main(arguments: list[str]) -> int:
    """Serve the demo's street, or a file, until SIGTERM or SIGINT; return the exit status."""
    options = _parser().parse_args(arguments)
    settings = load_settings(DemoSettings)
    configure_logging("demo_camera", settings.log_level)
    path = options.file or street_clip(settings.vigil_home)
    credentials = None
    if options.credentials_file is not None:
        credentials = read_credentials(options.credentials_file, Scheme(options.auth))
    camera = RtspCamera(load(path), credentials=credentials)
    asyncio.run(_serve(camera, host=options.host, port=options.port))
    return 0


def street_clip(home: Path, *, form: ClipFormat | None = None) -> Path:
    """Return the demo's clip below Vigil's folder; it is rendered when it is not there.

    Args:
        home: Vigil's folder.
        form: How to render it; None: as render_clip does.
    """
    path = home / "demo" / _CLIP_NAME
    if not path.exists():
        log.info("clip_rendering", path=str(path))
        render_clip(path, form=form)
    return path


def read_credentials(path: Path, scheme: Scheme) -> Credentials:
    """Return the user and password of a file's first line, which is ``user:password``.

    Raises:
        SetupInvalid: The file cannot be read, or is not of this form.
    """
    try:
        line, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    except OSError as error:
        raise SetupInvalid(f"{path}: {error.strerror}") from error
    user, colon, password = line.partition(":")
    if not (user and colon and password):
        raise SetupInvalid(f"{path}: the first line must be user:password")
    return Credentials(user, password, scheme)


async def _serve(camera: RtspCamera, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        server = await camera.listen(host=host, port=port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SetupInvalid(f"cannot listen on port {port} of {host}: {reason}") from error
    bound_port = server.sockets[0].getsockname()[1]
    print(f"rtsp://{host}:{bound_port}{PATH}", flush=True)
    await stop.wait()
    log.info("stopping")
    server.close()
    camera.drop_clients()
    await server.wait_closed()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vigil demo-camera", description="Serve a painted street, or a file, as a camera."
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="RTSP port; 0 takes any free one"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--file", type=Path, help="play this file: H.264 or H.265, AAC")
    parser.add_argument(
        "--credentials-file", type=Path, help="file whose first line is user:password"
    )
    parser.add_argument(
        "--auth",
        type=str.capitalize,
        choices=[scheme.value for scheme in Scheme],
        default=Scheme.DIGEST.value,
        help="how clients prove that they know them",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
