"""What a benchmark finds missing of a clip that was shown again and again."""

from pathlib import Path

import pytest

from bench.true_packets import (
    FPS,
    Coding,
    as_one,
    count_decoded,
    missing_of,
    packets_of,
    write_clip,
)

CLIP = [bytes([number]) for number in range(250)]


def shown(first: int, last: int) -> list[bytes]:
    """Return what is sent from one packet to before another, of rounds without end."""
    return [CLIP[number % len(CLIP)] for number in range(first, last)]


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        pytest.param([(10, 600)], 0, id="rounds"),
        pytest.param([(10, 60), (60, 90)], 0, id="one behind the other"),
        pytest.param([(10, 60), (50, 90)], 0, id="the end of one is the beginning of the next"),
        pytest.param([(10, 60), (50, 55), (50, 90)], 0, id="begun again twice"),
        pytest.param([(10, 60), (63, 90)], 3, id="a hole between two"),
        pytest.param([(10, 60), (50, 55), (60, 90)], 5, id="a hole behind what was begun again"),
    ],
)
def test_what_is_missing_is_counted(files: list[tuple[int, int]], missing: int) -> None:
    assert missing_of(as_one([shown(*each) for each in files]), CLIP) == missing


def test_a_packet_of_another_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="packet 2 of 3 is none of the clip's"):
        missing_of([CLIP[4], CLIP[5], b"other"], CLIP)


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_no_packet_of_a_clip_comes_twice(tmp_path: Path, encoder: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", Coding(encoder, b_frames=2), seconds=3)

    packets = packets_of(path)

    assert len(set(packets)) == len(packets) == count_decoded(path) == 3 * FPS
