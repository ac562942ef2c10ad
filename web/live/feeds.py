"""What all viewers of one camera share: the newest part, and who waits for the next."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vigil.domain.camera import CameraId
from web.live.parts import part


@dataclass(slots=True, eq=False, weakref_slot=True)
class Feed:
    """The newest part of one camera. The reader's thread replaces it, viewers look at it.

    Attributes:
        serial: Grows with each new picture, so that nobody is sent one twice.
        jpeg: The newest picture; None before the first.
        part: The same as ``parts.part`` makes it, once for all viewers.
        shown: What the newest picture is: a frame's order, or a name of our own.
        is_live: Whether it is a frame.
        looked_s: When the reader last looked, by its clock.
        takers: How many of the viewers have the camera recorded for as long as they watch.
    """

    camera_id: CameraId
    serial: int = 0
    jpeg: bytes | None = None
    part: bytes | None = None
    is_live: bool = False
    viewers: int = 0
    takers: int = 0
    looked_s: float = float("-inf")
    shown: tuple[object, ...] | None = None


class FeedBoard:
    """The feeds that somebody watches.

    Args:
        changed: Called with a feed that has a new part, in the reader's thread.
    """

    def __init__(self, changed: Callable[[Feed], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._feeds: dict[CameraId, Feed] = {}

    def join(self, camera_id: CameraId, *, takes: bool = False) -> Feed:
        """Return the camera's feed, which lives until as many have left as have joined.

        Args:
            camera_id: Which.
            takes: Whether it is recorded for as long as this viewer watches.
        """
        with self._lock:
            feed = self._feeds.setdefault(camera_id, Feed(camera_id))
            feed.viewers += 1
            feed.takers += takes
            return feed

    def leave(self, feed: Feed, *, takes: bool = False) -> None:
        """Say that a viewer is gone, who joined in the same way."""
        with self._lock:
            feed.viewers -= 1
            feed.takers -= takes
            if feed.viewers == 0:
                del self._feeds[feed.camera_id]

    def watched(self) -> dict[CameraId, Feed]:
        """Return every feed that has a viewer."""
        with self._lock:
            return dict(self._feeds)

    def show(self, feed: Feed, jpeg: bytes, shown: tuple[object, ...], *, is_live: bool) -> None:
        """Give a feed a picture, and tell those who wait, unless it shows the same already."""
        if shown == feed.shown:
            return
        feed.jpeg, feed.part = jpeg, part(jpeg)
        feed.shown, feed.is_live = shown, is_live
        # Last: whoever sees the new serial finds the new part.
        feed.serial += 1
        self._changed(feed)
