"""The child that encodes, where a picture may say how it ends of it."""

import itertools
import os
import signal

from typing_extensions import override

from recorder.encoding import child
from recorder.encoding.child import PictureEncoding
from recorder.encoding.wire import Answer

#: What a picture is to be, to take the processor and never give it back; or to wait for ever.
BURNS, HANGS = b"burns", b"hangs"
_SIGNALS = {each.name.encode(): each for each in signal.Signals}


class _Deadly(PictureEncoding):
    @override
    def encoded(self, jpeg: bytes, *, is_keyframe: bool) -> Answer:
        if jpeg in _SIGNALS:
            os.kill(os.getpid(), _SIGNALS[jpeg])
        if jpeg == HANGS:
            signal.pause()
        if jpeg == BURNS:
            all(itertools.repeat(1))
        return super().encoded(jpeg, is_keyframe=is_keyframe)


if __name__ == "__main__":
    child.PictureEncoding = _Deadly  # type: ignore[misc]
    child.PICTURE_CPU_S = 0.3
    raise SystemExit(child.main())
