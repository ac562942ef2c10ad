"""What a supervisor makes of a camera with a sub-stream."""

from pathlib import Path

import pytest

from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.shards.messages import ShardReport
from camera_ctrl.stream_choice import StreamChoice
from tests.builders import CAMERA, OTHER_CAMERA, a_camera
from tests.unit.test_supervisor import ALIVE, Bench
from vigil.camera_document import CameraConfig
from vigil.domain.camera import Stream
from vigil.messages import CameraState

OF_SUB = IngestReport(is_alive=True, last_packet_us=1, codec="h264", width_px=640, height_px=360)
SUB = StreamChoice(Stream.SUB, full_wh=(1920, 1080))


def with_sub(**changes: object) -> CameraConfig:
    return a_camera(7, sealed_sub_url="sealed too", **changes)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "cameras.json")


def report_sub(bench: Bench, report: IngestReport) -> None:
    bench.shards["ingest-sub-1"].say(ShardReport(ingest={CAMERA: report}))


def choice(bench: Bench, shard: str = "decode-1") -> StreamChoice:
    return bench.shards[shard].assignment.choices[CAMERA]


def begin(bench: Bench) -> None:
    """Have a camera with a sub-stream served, of which both streams come."""
    bench.publish(with_sub(), a_camera(8))
    bench.turn()
    bench.report(camera_7=ALIVE)
    report_sub(bench, OF_SUB)
    bench.supervisor.run_once()


def test_sub_streams_are_read_by_shards_of_their_own(bench: Bench) -> None:
    begin(bench)

    assert bench.shards["ingest-1"].assignment.cameras.keys() == {CAMERA, OTHER_CAMERA}
    of_sub = bench.shards["ingest-sub-1"].assignment
    assert of_sub.cameras.keys() == {CAMERA}
    assert of_sub.epochs == {CAMERA: bench.keeper.held()[CAMERA]}
    assert bench.shards["decode-1"].assignment.choices == {CAMERA: SUB}


def test_no_shard_is_started_for_sub_streams_where_there_are_none(bench: Bench) -> None:
    bench.publish(a_camera(7))
    bench.turn()

    assert bench.shards.keys() == {"ingest-1", "decode-1"}
    assert bench.shards["decode-1"].assignment.choices == {}


def test_the_status_tells_of_both(bench: Bench) -> None:
    begin(bench)
    made = DecodeReport(stream=Stream.SUB, frame_fps=5.0)
    bench.shards["decode-1"].say(ShardReport(decode={CAMERA: made}))
    bench.supervisor.run_once()
    bench.turn()

    status = bench.status()
    assert (status.width_px, status.decoded_stream) == (1920, Stream.SUB)
    assert status.decoding_reason is None
    assert status.sub_stream is not None
    assert (status.sub_stream.state, status.sub_stream.width_px) == (CameraState.ACTIVE, 640)
    assert bench.status(OTHER_CAMERA).sub_stream is None


def test_a_sub_stream_that_is_away_costs_the_camera_nothing_and_is_told(bench: Bench) -> None:
    begin(bench)

    report_sub(bench, IngestReport(error="wrong user or password", last_packet_us=1))
    bench.supervisor.run_once()
    bench.turn()

    status = bench.status()
    assert choice(bench).stream is Stream.MAIN
    assert (status.state, status.error) == (CameraState.ACTIVE, None)
    assert status.decoding_reason == "its sub-stream is away: wrong user or password"
    assert status.sub_stream is not None
    assert status.sub_stream.error == "wrong user or password"


def test_why_no_picture_can_be_made_of_a_sub_stream_is_told(bench: Bench) -> None:
    begin(bench)
    made = DecodeReport(sub_error="the video cannot be decoded: Invalid data")
    bench.shards["decode-1"].say(ShardReport(decode={CAMERA: made}))
    bench.supervisor.run_once()
    bench.turn()

    status = bench.status()
    assert status.error is None
    assert status.decoding_reason == (
        "no picture can be made of its sub-stream: the video cannot be decoded: Invalid data"
    )
    assert status.sub_stream is not None
    assert status.sub_stream.error == "the video cannot be decoded: Invalid data"


def test_a_shard_of_sub_streams_that_dies_leaves_the_main_ones_alone(bench: Bench) -> None:
    begin(bench)
    reader = bench.shards["ingest-1"]

    bench.shards["ingest-sub-1"].is_running = False
    bench.turn()

    assert choice(bench).stream is Stream.MAIN
    assert bench.shards["ingest-1"] is reader
    assert bench.status().state is CameraState.ACTIVE


def test_a_camera_that_crashed_its_decoder_twice_is_decoded_without_its_sub_stream(
    bench: Bench,
) -> None:
    begin(bench)
    for number in (1, 2):
        shard = bench.shards["decode-1"]
        shard.blamed, shard.is_running = {CAMERA}, False
        bench.turn()
        report_sub(bench, OF_SUB)
        bench.turn(after_s=9.0)
        assert number == 2 or choice(bench) == SUB

    assert bench.shards["decode-2"].assignment.cameras.keys() == {CAMERA}
    assert choice(bench, "decode-2").reason == (
        "its sub-stream is away: its video crashes the decoder"
    )
    # Another address is another stream, for all we know
    bench.publish(
        with_sub(revision=2).model_copy(update={"sealed_sub_url": "another"}), a_camera(8)
    )
    bench.supervisor._configs._due_s = 0.0
    for _ in range(3):
        bench.turn(after_s=9.0)
    assert choice(bench) == SUB


def test_a_sub_stream_that_is_removed_is_read_no_more_and_the_main_one_goes_on(
    bench: Bench,
) -> None:
    begin(bench)
    reader = bench.shards["ingest-1"]

    bench.publish(a_camera(7, revision=2), a_camera(8))
    bench.supervisor._configs._due_s = 0.0
    bench.turn()

    assert not bench.shards["ingest-sub-1"].is_running
    assert bench.shards["decode-1"].assignment.choices == {}
    assert bench.shards["ingest-1"] is reader
    assert reader.is_running
    assert bench.status().sub_stream is None
