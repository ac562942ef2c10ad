"""Programs of the system that tests run."""

import shutil

#: The system's python, whose packages are Debian's: gi is no wheel.
SYSTEM_PYTHON = "/usr/bin/python3"
#: Witnesses that are not ours; a test that runs them is marked ``needs("ffmpeg")``.
FFMPEG = shutil.which("ffmpeg") or "ffmpeg"
FFPROBE = shutil.which("ffprobe") or "ffprobe"
