"""The process of ``rtsp_camera``: the demo's RTSP camera, with faults."""

import random
import secrets
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from standalone.demo.rtsp.auth import Credentials, Scheme
from standalone.demo.rtsp.media import load
from standalone.demo.rtsp.outlet import Outlet
from standalone.demo.rtsp.server import RtspCamera
from tests.cameras.faults import DROP_ONE_IN, Fault, StandIn
from tests.cameras.stage import Config, Show, perform

_RTP_HEADER_BYTES = 12


class FaultyRtspCamera(RtspCamera):
    """The demo's camera, between whose player and clients things go wrong."""

    fault = Fault.NONE
    _own_credentials: Credentials | None = None

    def misbehave(self, fault: Fault) -> None:
        """Take up the camera's own part of a fault."""
        if self.fault is Fault.DENY:
            self.credentials = self._own_credentials
        self.fault = fault
        if fault is Fault.DENY:
            self._own_credentials = self.credentials
            self.credentials = Credentials(secrets.token_hex(8), secrets.token_hex(8))

    @override
    def wrap_outlet(self, outlet: Outlet) -> Outlet:
        return FaultyOutlet(outlet, self)


class FaultyOutlet:
    """Loses, spoils or keeps back packets, as the camera's fault says."""

    def __init__(self, outlet: Outlet, camera: FaultyRtspCamera) -> None:
        self._outlet = outlet
        self._camera = camera
        # The same packets are lost in each run of a test.
        self._random = random.Random(1)

    def send(self, packets: Sequence[bytes]) -> None:
        """Send what the fault leaves of a unit."""
        match self._camera.fault:
            case Fault.FREEZE | Fault.SILENT:
                return
            case Fault.DROP:
                packets = [one for one in packets if self._random.randrange(DROP_ONE_IN)]
            case Fault.GARBAGE:
                packets = [self._spoiled(one) for one in packets]
            case _:
                pass
        self._outlet.send(packets)

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet, unless nothing goes out."""
        if self._camera.fault not in {Fault.FREEZE, Fault.SILENT}:
            self._outlet.report(packet)

    def close(self) -> None:
        """Close what is wrapped."""
        self._outlet.close()

    def _spoiled(self, packet: bytes) -> bytes:
        noise = self._random.randbytes(len(packet) - _RTP_HEADER_BYTES)
        return packet[:_RTP_HEADER_BYTES] + noise


def _build(config: Config) -> tuple[StandIn, Show]:
    credentials = None
    if config["auth"] is not None:
        user, password = config["auth"]
        credentials = Credentials(user, password, Scheme(config["scheme"]))
    camera = FaultyRtspCamera(
        load(Path(config["clip"])),
        credentials=credentials,
        from_start=config["from_start"],
        max_unsent_bytes=config["max_unsent_bytes"],
    )
    return camera, lambda clip: camera.programme.show(load(clip))


if __name__ == "__main__":
    perform(_build)
