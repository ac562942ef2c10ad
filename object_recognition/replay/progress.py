"""How far a replay has come, for who waits."""

from typing import TextIO

from object_recognition.replay.clip import Clip, clip_time
from vigil.clock import MICROSECONDS, Clock

#: Seconds between two lines: on a terminal each takes the place of the one before.
_ON_TERMINAL_S, _IN_FILE_S = 0.5, 10.0


class Progress:
    """Writes lines to somebody who waits.

    Args:
        out: Where they read.
        clock: For how long it takes.
    """

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._is_terminal = out.isatty()
        self._every_s = _ON_TERMINAL_S if self._is_terminal else _IN_FILE_S
        self._began_s = self._said_s = clock.monotonic_s()
        self._width = 0

    def waits(self, what: str) -> None:
        """Say what is waited for, and how long already."""
        if self._is_due():
            self._write(f"{what}, {self._past_s():.0f} s")

    def begin(self) -> None:
        """Begin to measure: what was waited for is there."""
        self._began_s = self._clock.monotonic_s()

    def note(self, clip: Clip) -> None:
        """Say how far a clip was replayed, when it is time."""
        if self._is_due():
            self._write(self._words(clip))

    def end(self, clip: Clip) -> None:
        """Say how far it came in the end."""
        self._write(self._words(clip))
        if self._is_terminal:
            self._out.write("\n")

    def _words(self, clip: Clip) -> str:
        of_all = "" if clip.frame_count is None else f" of {clip.frame_count}"
        of_length = "" if clip.lasts_us is None else f" of {clip_time(clip.lasts_us)}"
        speed = clip.read_us / MICROSECONDS / max(1e-3, self._past_s())
        return (
            f"{clip.frames_read}{of_all} frames, {clip_time(clip.read_us)}{of_length}, "
            f"{speed:.1f} times as fast as it was"
        )

    def _past_s(self) -> float:
        return self._clock.monotonic_s() - self._began_s

    def _is_due(self) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - self._said_s < self._every_s:
            return False
        self._said_s = now_s
        return True

    def _write(self, words: str) -> None:
        if self._is_terminal:
            # Over what stood there, which may have been longer.
            self._out.write(f"\r{words.ljust(self._width)}")
            self._width = len(words)
        else:
            self._out.write(f"{words}\n")
        self._out.flush()
