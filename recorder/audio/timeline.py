"""Where packets of audio stand in a file's time, whatever their stamps say: pure.

A player runs through a file's samples one after the other: many take no note of a hole, and are
ahead of the picture from there on. So what is missing is filled with silence, and what is there
twice is left out. Stamps that are off by less than what is lost with one packet are not followed:
they shake, the samples do not.
"""

from dataclasses import dataclass

#: Of a packet's length: as much must be missing for one to be lost.
_LOST = 0.75
#: Nobody sees a lip that is off by so little; longer packets do not make it more.
_MOST_EARLY_S = 0.04
#: So far behind its stamps audio may be. Stamps that shake to and fro by less cost nothing twice.
_MOST_LATE_S = 0.06


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet goes.

    Attributes:
        begins: In units of the track.
        missing: Units between the packet before it and this one.
    """

    begins: int
    missing: int


@dataclass(slots=True)
class Timeline:
    """What of a track's time has audio.

    Attributes:
        units_in_s: Units of the track in a second.
        end: Where the next packet goes; None: there was none.
    """

    units_in_s: int
    end: int | None = None

    def place(self, at: int, duration: int) -> Place | None:
        """Return where a packet goes; None: there is audio already.

        Args:
            at: When it begins, by its stamp: in units of the track, from the file's begin.
            duration: How long it is.
        """
        if self.end is None:
            # One that began before the file's picture did, and ends in it.
            begins, missing = max(at, 0), 0
        else:
            ahead = at - self.end
            if ahead < -_MOST_LATE_S * self.units_in_s:
                return None
            is_lost = ahead > min(_LOST * duration, _MOST_EARLY_S * self.units_in_s)
            missing = ahead if is_lost else 0
            begins = self.end + missing
        self.end = begins + duration
        return Place(begins, missing)
