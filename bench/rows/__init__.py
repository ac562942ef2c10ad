"""One module a row of the table of figures, with a ``NAME`` and a ``measure``."""

from collections.abc import Callable

from bench.result import RowResult
from bench.rows import (
    archive_check,
    archive_jump,
    export_copy,
    first_box,
    frame_to_box,
    frame_to_boxes,
    idle_camera,
    ingest_eight,
    ingest_one,
    ingest_packets,
    ingest_sub,
    pool_scaling,
    pool_thousand,
    precision,
    record_and_watch,
    record_eight,
    record_kill,
    record_pictures,
    record_power,
    services_5fps,
    services_gated,
    tracker,
    video_loop,
    viewers_mjpeg,
    worker_start,
)

#: In the order of the table.
ROWS: dict[str, Callable[[], RowResult]] = {
    row.NAME: row.measure
    for row in (
        ingest_packets,
        ingest_one,
        ingest_sub,
        ingest_eight,
        idle_camera,
        record_eight,
        record_and_watch,
        record_kill,
        record_pictures,
        record_power,
        archive_check,
        archive_jump,
        export_copy,
        frame_to_box,
        pool_scaling,
        pool_thousand,
        worker_start,
        services_5fps,
        services_gated,
        tracker,
        frame_to_boxes,
        video_loop,
        precision,
        viewers_mjpeg,
        first_box,
    )
}
