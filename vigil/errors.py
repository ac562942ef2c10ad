"""What can go wrong, sorted by what the caller does about it.

VigilError
├── Unavailable              the other side is away: wait, then try again
│   ├── BusUnavailable       Redis does not answer
│   │   ├── BusUnfit         it answers, but may forget what it was given: not used as it is
│   │   └── ServerUnavailable  one server of a cluster does not: go on with the others' cameras
│   ├── CameraUnavailable    the stream cannot be opened, or stopped
│   ├── ModelUnavailable     a model cannot be fetched just now
│   ├── SpoolUnavailable     the disk on which facts wait is full or away
│   └── VolumeUnavailable    the disk for footage is full, away, or another
├── Unusable                 this input will never be right: skip it, count it, go on
│   ├── MessageInvalid       a bus entry or a document cannot be decoded
│   ├── FootageInvalid       a file of footage holds nonsense
│   ├── FrameInvalid         a picture cannot be decoded, or is out of bounds
│   └── ModelInvalid         a model file is not one we can run
├── LeaseLost                another process owns this camera now: stop writing, give it up
└── SetupInvalid             a setting or a server is unfit: say what to change, and end

Anything else is a bug and ends the process.
"""


class VigilError(Exception):
    """The root of everything that Vigil raises on purpose."""


class Unavailable(VigilError):
    """The other side is away. Wait, then try again."""


class BusUnavailable(Unavailable):
    """Redis does not answer."""


class BusUnfit(BusUnavailable):
    """Redis answers, but is set up so that we do not use it. The message has the line to change.

    It names no host and no user: readers of the status see it.
    """


class ServerUnavailable(BusUnavailable):
    """One server of a cluster does not answer. What lies on the others can be done."""


class CameraUnavailable(Unavailable):
    """A camera's stream cannot be opened, or stopped. The message is in an owner's words."""


class ModelUnavailable(Unavailable):
    """A model file cannot be fetched just now. The message says why, in an operator's words."""


class SpoolUnavailable(Unavailable):
    """The disk on which facts wait is full or away."""


class VolumeUnavailable(Unavailable):
    """The disk for footage is full, away, or another. The message is in an operator's words."""


class Unusable(VigilError):
    """This input will never be right. Skip it, count it, go on."""


class MessageInvalid(Unusable):
    """A bus entry or a document cannot be decoded."""


class FootageInvalid(Unusable):
    """A file of footage is not one that a recorder of ours wrote, or not any more."""


class FrameInvalid(Unusable):
    """A picture cannot be decoded, or its size is out of bounds."""


class ModelInvalid(Unusable):
    """A model file is not one that we can run. The message says what was expected."""


class LeaseLost(VigilError):
    """A write was refused because its epoch is not the camera's current one."""


class SetupInvalid(VigilError):
    """A setting or a server is unfit. The message names it and says what would be right."""
