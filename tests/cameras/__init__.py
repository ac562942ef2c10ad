"""Cameras for tests: separate processes, with faults that are switched while they run.

    with rtsp_camera(clip, auth=("user", "secret")) as camera:
        watch(camera.url)
        camera.fault(Fault.FREEZE)

``rtsp_camera`` is our own, ``gst_camera`` a foreign RTSP server (mark its tests with
``needs("gst-rtsp-server")``), ``mjpeg_camera`` and ``still_camera`` speak HTTP.
"""

from tests.cameras.faults import Fault
from tests.cameras.process import CameraProcess
from tests.cameras.stand_ins import gst_camera, mjpeg_camera, rtsp_camera, still_camera

__all__ = [
    "CameraProcess",
    "Fault",
    "gst_camera",
    "mjpeg_camera",
    "rtsp_camera",
    "still_camera",
]
