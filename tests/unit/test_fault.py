import multiprocessing

import pytest

from camera_ctrl.shards.fault import Fault, fault_from, fault_in

BY_PYTHON = """Fatal Python error: Segmentation fault

Current thread 0x00007f9c169b86c0 (most recent call first):
  File "camera_ctrl/ingest/feeds.py", line 126 in _paced
  File "camera_ctrl/ingest/session.py", line 190 in _pump

Thread 0x00007f9c17877b80 (most recent call first):
  File "threading.py", line 327 in wait
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (BY_PYTHON, Fault(0x7F9C169B86C0, '"camera_ctrl/ingest/feeds.py", line 126 in _paced')),
        # Newer ones name the thread
        (
            'Current thread 0x10 [camera-7] (most recent call first):\n  File "a", line 1 in b\n',
            Fault(16, '"a", line 1 in b'),
        ),
        ("Current thread 0x10 (most recent call first):\n  <no Python frame>\n", Fault(16, None)),
        ("Fatal Python error: Segmentation fault\n\nThread 0x10 (most recent", None),
        ("", None),
    ],
)
def test_reads_where_a_process_crashed(text: str, fault: Fault | None) -> None:
    assert fault_in(text) == fault


def test_a_process_that_did_not_crash_told_nothing() -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    assert fault_from(ours) is None
    theirs.close()
    assert fault_from(ours) is None
