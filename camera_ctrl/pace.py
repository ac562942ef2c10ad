"""How long packets wait on their way to the bus: who reads them there knows it, too."""

#: How long a packet waits at most for the next ones, if those come as expected: three of a camera
#: at 25 frames a second go together. A packet costs mostly what it costs to wake three processes.
HOLD_MAX_S = 0.1
#: Of the time between two pictures: never do two packets go together that each make one.
_OF_INTERVAL = 0.5
#: Of the wait: not all of it, for the few packets that come later are looked for again.
_MOSTLY = 0.85


def hold_s(frame_fps: float) -> float:
    """Return how long a packet waits at most for the next ones, if those come as expected.

    Args:
        frame_fps: Pictures that are made of the camera's packets in a second.
    """
    return min(HOLD_MAX_S, _OF_INTERVAL / frame_fps)


def comes_after_s(frame_fps: float) -> float:
    """Return how long after its capture a packet is mostly on the bus."""
    return _MOSTLY * hold_s(frame_fps)
