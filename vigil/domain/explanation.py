"""Why a detection was not shown: reasons, each with what it was and what it had to be."""

from enum import StrEnum


class DropReason(StrEnum):
    """Which setting of a camera kept a detection out."""

    #: Value and limit: the confidence, and the camera's ``min_confidence``.
    CONFIDENCE = "confidence"
    #: The greatest share of its box in a zone, and the share that is enough. Its foot is in none.
    ZONE = "zone"
    #: Its label, and those that count in the zones where it stands.
    LABEL = "label"
