"""What a controller says of cameras that no route leads to. A script, for a network of its own.

It prints, for each URL of its arguments, the last words of the status within PATIENCE_S, and after
how many seconds of trying they came, as JSON. ``LAY_OUT`` makes the network that it stands in.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from standalone.servers.valkey import EmbeddedValkey
from tests.camera_ctrl.site import Site
from tests.waiting import wait_until
from vigil.domain.camera import CameraId

#: Longer than the promise, so that words which replace others late are seen, too.
PATIENCE_S = 8.0

#: Commands of ``ip``: a network at whose other end nobody answers, and routes that refuse.
LAY_OUT = (
    "link set lo up",
    "link add near type veth peer name far",
    "address add 10.99.0.1/24 dev near",
    "link set near up",
    "link set far up",
    "route add unreachable 198.51.100.0/24",
    "route add prohibit 203.0.113.0/24",
)


def main() -> None:
    """Ask, and print the answer."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder) / "valkey") as valkey:
        site = Site(valkey.url, Path(folder))
        try:
            found = said_of(site, sys.argv[1:])
        finally:
            site.close()
    sys.stdout.write(json.dumps(found) + "\n")


def said_of(site: Site, urls: list[str]) -> dict[str, tuple[str | None, float]]:
    """Return the words for each URL, and when they came."""
    site.start_controller()
    known = site.add(len(urls) + 1, "file:///no/such/file")
    wait_until(lambda: site.error(known) is not None, timeout_s=30)
    of = {url: site.add(number, url) for number, url in enumerate(urls, 1)}
    begun_s: dict[CameraId, float] = {}
    said: dict[CameraId, tuple[str | None, float]] = {}

    def look() -> bool:
        now_s = time.monotonic()
        for camera_id in of.values():
            if (status := site.status(camera_id)) is None:
                continue
            begun_s.setdefault(camera_id, now_s)
            if status.error != said.get(camera_id, (None, 0.0))[0]:
                said[camera_id] = (status.error, now_s - begun_s[camera_id])
        return len(begun_s) == len(of) and now_s - max(begun_s.values()) > PATIENCE_S

    wait_until(look, timeout_s=60)
    return {url: said.get(camera_id, (None, 0.0)) for url, camera_id in of.items()}


if __name__ == "__main__":
    main()
