"""The inside of a camera's process: reads orders from stdin, one a line, and obeys.

The first line is the camera's configuration as JSON; the answer is the port. Each later line is a
verb with its argument, ``fault freeze`` or ``show /a/clip.mp4``; the answer is ``ok``. When stdin
ends, so does the process: nothing outlives its test.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.cameras.faults import Fault, FaultyListener, StandIn
from vigil.log import configure_logging

Config = Mapping[str, Any]
Show = Callable[[Path], None]


def perform(build: Callable[[Config], tuple[StandIn, Show]]) -> None:
    """Run a camera until stdin ends.

    Args:
        build: Makes the camera of its configuration, and tells how it shows another clip.
    """
    # To stderr: stdout carries the answers.
    configure_logging("camera_stand_in", "WARNING")
    asyncio.run(_perform(build))


async def _perform(build: Callable[[Config], tuple[StandIn, Show]]) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    config = json.loads(await orders.readline())
    camera, show = build(config)
    listener = FaultyListener(camera, port=config["port"])
    await listener.open()
    _say(str(listener.port))
    while line := (await orders.readline()).decode().rstrip("\n"):
        verb, _, argument = line.partition(" ")
        if verb == "fault":
            await listener.switch(Fault(argument))
        else:
            show(Path(argument))
        _say("ok")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
