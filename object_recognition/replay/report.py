"""What replayed footage came to, as a document: what a machine reads, and tables are made of."""

from pydantic import Field

from vigil.messages import Document

#: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
Box = tuple[float, float, float, float]


class SeenObject(Document):
    """An object that was seen for some time: one track.

    Attributes:
        from_s, to_s: The first and the last frame in which it was seen, in seconds of the clip.
        from_at, to_at: The same by the site's clock, as ISO 8601; None: nobody knows.
        looks: In how many frames it was seen.
        confidence: The greatest.
        zones: Names of the zones in which it counted.
        first_box, last_box: Where it was first, and last.
    """

    track: int
    label: str
    from_s: float
    to_s: float
    from_at: str | None = None
    to_at: str | None = None
    looks: int
    confidence: float
    zones: tuple[str, ...] = ()
    first_box: Box
    last_box: Box


class NearestDrop(Document):
    """The detection that was nearest to being shown, of those that one setting kept out.

    Attributes:
        value, limit: What it was, and had to be, as an explanation says it.
        at_s: When, in seconds of the clip.
        confidence: Of the detection.
        also: What else kept it out.
        try_set: What shows it, each as ``--set`` takes it; empty: no setting does.
    """

    value: str
    limit: str
    at_s: float
    confidence: float
    box: Box
    also: tuple[str, ...] = ()
    try_set: tuple[str, ...] = ()


class Dropped(Document):
    """What one setting kept out of the pictures, of one label.

    Attributes:
        detections: How many.
        alone: How many of them nothing else kept out.
        missed: How many of them came while no object of that label was there, nor a second before
            or behind: the others are mostly one that comes or goes. Counted by whole seconds.
        nearest: Of those that were missed, if there are any.
    """

    reason: str
    label: str
    detections: int
    alone: int
    missed: int
    nearest: NearestDrop


class Account(Document):
    """What would have been seen with one set of settings.

    Attributes:
        settings: Those that recognition depends on, by name, as text.
        objects: In the order in which they came.
        counts: How many objects of each label there were, the most first.
        unnumbered: How many shown detections of each label belonged to no object, or not yet.
        dropped: What was not shown, the nearest to being shown first.
    """

    settings: dict[str, str]
    objects: tuple[SeenObject, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    unnumbered: dict[str, int] = Field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()


class Comparison(Document):
    """What would have been seen with other settings.

    Attributes:
        account: All of it.
        only_before: Numbers of the objects that are seen with the first settings alone.
        only_after: Those that are seen with the others alone, as they number them.
    """

    account: Account
    only_before: tuple[int, ...] = ()
    only_after: tuple[int, ...] = ()


class Report(Document):
    """What replayed footage came to.

    Attributes:
        camera: The number of the camera whose settings were taken; None: a new camera's.
        name: Of that camera, or of the clip.
        recogniser: What looked.
        begins_at: When its first frame was captured by the site's clock, as ISO 8601; None: nobody
            knows.
        replayed_s: Up to where it was read.
        lasts_s: How long it is, as far as it says.
        width_px, height_px: Of its first picture; 0: there was none.
        frames: How many were decoded.
        looks: How many of them were looked at.
        is_whole: Whether it was looked at up to its end.
        notes: What is to be known of it, in words.
    """

    version: int = 1
    clip: str
    camera: int | None
    name: str
    recogniser: str
    begins_at: str | None
    replayed_s: float
    lasts_s: float | None
    width_px: int = 0
    height_px: int = 0
    frames: int
    looks: int
    is_whole: bool
    notes: tuple[str, ...] = ()
    account: Account
    comparison: Comparison | None = None
