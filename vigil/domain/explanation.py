"""Why a detection is not shown, or does not count: what it was, and what it had to be."""

from enum import StrEnum


class DropReason(StrEnum):
    """What kept a detection out of the picture, or keeps it from counting."""

    #: The confidence, and the least: the ``min_confidence`` of the model that found it, else the
    #: camera's; or a zone's that is greater.
    CONFIDENCE = "confidence"
    #: The share of its box in the zone, and the share that is enough. Its foot is not in it.
    ZONE = "zone"
    #: The longer side of its box in pixels of the full frame, and the sizes that count.
    SIZE = "size"
    #: Its label, and those that count.
    LABEL = "label"
    #: When it was seen, and when the zone is there.
    SCHEDULE = "schedule"
    #: In how many of the last looks it was seen, and in how many it must be. It is shown.
    NOT_CONFIRMED = "not_confirmed"
    #: Seconds that it has stayed in the zone, and for how long it must. It is shown.
    DWELL = "dwell"
