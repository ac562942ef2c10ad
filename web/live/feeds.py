"""What all viewers of one camera share: the newest part, and who waits for the next."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vigil.domain.camera import CameraId


@dataclass(slots=True, eq=False)
class Feed:
    """The newest part of one camera. The reader's thread replaces it, viewers look at it.

    Attributes:
        serial: Grows with each new part, so that nobody is sent one twice.
        part: As ``parts.part`` makes it; None before the first.
    """

    camera_id: CameraId
    serial: int = 0
    part: bytes | None = None
    viewers: int = 0
    #: By the reader's clock: when it last looked, last had a frame, last showed something else.
    looked_s: float = field(default=float("-inf"))
    shown_s: float = field(default=float("-inf"))
    #: What frame is shown; None: a picture of our own.
    order: tuple[int, int] | None = None

    def show(self, part: bytes) -> None:
        """Replace the part."""
        self.part = part
        self.serial += 1


class FeedBoard:
    """The feeds that somebody watches.

    Args:
        changed: Called with a feed that has a new part, in the reader's thread.
    """

    def __init__(self, changed: Callable[[Feed], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._feeds: dict[CameraId, Feed] = {}

    def join(self, camera_id: CameraId) -> Feed:
        """Return the camera's feed, which lives until as many have left as have joined."""
        with self._lock:
            feed = self._feeds.setdefault(camera_id, Feed(camera_id))
            feed.viewers += 1
            return feed

    def leave(self, feed: Feed) -> None:
        """Say that a viewer is gone."""
        with self._lock:
            feed.viewers -= 1
            if feed.viewers == 0:
                del self._feeds[feed.camera_id]

    def watched(self) -> dict[CameraId, Feed]:
        """Return every feed that has a viewer."""
        with self._lock:
            return dict(self._feeds)

    def show(self, feed: Feed, part: bytes) -> None:
        """Give a feed a new part, and tell those who wait."""
        feed.show(part)
        self._changed(feed)
