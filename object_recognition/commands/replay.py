"""``vigil replay``: what would have been seen in footage, with a camera's settings or others."""

import argparse
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from object_recognition.replay.request import ReplaySettings, Request
from vigil.errors import SetupInvalid
from vigil.log import configure_logging
from vigil.settings import load

#: Where one setting ends and the next begins. JSON has commas too.
_BETWEEN = re.compile(r",(?=[a-z_]+=)")


def main(arguments: Sequence[str]) -> int:
    """Replay a clip; return the exit status."""
    options = _parser().parse_args(arguments)
    if find_spec("av") is None:
        raise SetupInvalid("it reads video with PyAV: pip install 'vigil[replay]'")
    # All of it needs PyAV, and the sentence above does not.
    from object_recognition.replay.run import run  # noqa: PLC0415

    settings = load(ReplaySettings)
    configure_logging("replay", settings.log_level)
    return run(_request(options), settings)


def _request(options: argparse.Namespace) -> Request:
    return Request(
        clip=options.clip,
        camera=options.camera,
        changes=tuple(options.set),
        model=options.model,
        compare=tuple(each for text in options.compare for each in _BETWEEN.split(text)),
        begins=options.begins,
        video=options.video,
        may_replace=options.force,
        as_json=options.json,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigil replay", description=__doc__)
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file")
    parser.add_argument(
        "--camera", type=int, metavar="N", help="whose settings; without: those of a new camera"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another setting, such as min_confidence=0.3 or zones=off; several times",
    )
    parser.add_argument(
        "--model", help="what looks: basic, default, a file, a URL, or what is kept"
    )
    parser.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="what only would be seen with these settings, and what only without",
    )
    parser.add_argument(
        "--begins", metavar="TIME", help="when it was captured, such as 2026-11-30T02:00"
    )
    parser.add_argument("--video", type=Path, metavar="OUT.mp4", help="write the annotated video")
    parser.add_argument("--force", action="store_true", help="replace a video that is there")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    return parser
