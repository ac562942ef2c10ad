"""The process of ``gst_camera``. Runs on the system's python, which has gi and nothing of ours.

Speaks as ``tests.cameras.stage`` says, and knows no orders: it ends when stdin does.
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402 versions come first
    GLib,
    Gst,
    GstRtspServer,
)

_HEADER = struct.Struct(">qqI")
#: pts and dts in ns, and the unit by Annex B.
Unit = tuple[int, int, bytes]
_NAMES = {"h264": "h264", "hevc": "h265"}


def read_units(path: Path) -> list[Unit]:
    """Return pts and dts in ns and the bytes of each unit, as ``gst_clip`` wrote them."""
    with path.open("rb") as file:
        units = []
        while header := file.read(_HEADER.size):
            pts, dts, size = _HEADER.unpack(header)
            units.append((pts, dts, file.read(size)))
        return units


class Feed:
    """Pushes units into a pipeline when they are due, round after round."""

    def __init__(self, source: Any, units: list[Unit], span_ns: int) -> None:
        self._source = source
        self._units = units
        self._span_ns = span_ns
        self._begun_us = GLib.get_monotonic_time()
        self._sent = 0
        self.is_on = True

    def push_due(self) -> bool:
        """Push all that is due, and come back for the next; returns False to GLib's timer."""
        while self.is_on:
            round_number, index = divmod(self._sent, len(self._units))
            pts, dts, stream = self._units[index]
            offset = round_number * self._span_ns
            wait_us = self._begun_us + (offset + dts) // 1000 - GLib.get_monotonic_time()
            if wait_us > 0:
                GLib.timeout_add(max(1, wait_us // 1000), self.push_due)
                return False
            buffer = Gst.Buffer.new_wrapped(stream)
            buffer.pts, buffer.dts = offset + pts, offset + dts
            self._sent += 1
            if self._source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return False
        return False


def main() -> None:
    """Serve until stdin ends."""
    config = json.loads(sys.stdin.readline())
    Gst.init(None)
    units, name = read_units(Path(config["units"])), _NAMES[config["codec"]]
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_shared(True)
    factory.set_launch(
        "( appsrc name=source is-live=true format=time do-timestamp=false "
        f"caps=video/x-{name},stream-format=byte-stream,alignment=au ! "
        f"{name}parse config-interval=-1 ! rtp{name}pay name=pay0 pt=96 config-interval=-1 )"
    )

    def configure(_factory: object, media: Any) -> None:
        feed = Feed(media.get_element().get_by_name("source"), units, config["span_ns"])
        media.connect("unprepared", lambda _media: setattr(feed, "is_on", False))
        GLib.idle_add(feed.push_due)

    factory.connect("media-configure", configure)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(config["port"]))
    server.get_mount_points().add_factory("/street", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin, GLib.IO_HUP, lambda *_: loop.quit())
    loop.run()


main()
