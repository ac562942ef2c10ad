"""A file is whole up to its last fragment, and says which packets those are."""

import itertools
from pathlib import Path
from typing import Any

import av
import pytest

from recorder.mp4.fragments import FragmentMuxer
from tests.footage import Footage, footage_of
from tests.recorder.clips import frames_in, make_clip, payloads_of, whole_bytes
from vigil.bus.packets.base import EntryId

KINDS: dict[str, dict[str, Any]] = {
    "h264": {},
    "h264 with B-frames": {"b_frames": 3},
    "h265": {"codec": "libx265"},
    "h265 with B-frames": {"codec": "libx265", "b_frames": 3},
    "one keyframe": {"gop": 10_000},
}


@pytest.fixture(scope="module", params=KINDS)
def footage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Footage]:
    path = make_clip(
        tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=4, **KINDS[request.param]
    )
    return path, footage_of(path)


def test_a_file_holds_what_the_camera_sent(footage: tuple[Path, Footage], tmp_path: Path) -> None:
    clip, sent = footage
    recorded = bytearray()
    muxer = FragmentMuxer(sent.template, write=recorded.extend)
    for entry in sent.entries:
        muxer.add(entry)
    muxer.close()
    path = tmp_path / "recorded.mp4"
    path.write_bytes(recorded)

    assert payloads_of(path) == payloads_of(clip)
    assert frames_in(path) == len(sent.entries)
    assert muxer.whole_until == sent.entries[-1].entry_id
    with av.open(path) as container:
        assert container.duration == pytest.approx(4_000_000, abs=100_000)


def test_what_it_says_is_whole_can_be_played_whenever_it_is_cut(
    footage: tuple[Path, Footage], tmp_path: Path
) -> None:
    _, sent = footage
    numbers = {entry.entry_id: number for number, entry in enumerate(sent.entries, 1)}
    recorded, whole = bytearray(), list[tuple[int, EntryId]]()
    muxer = FragmentMuxer(sent.template, write=recorded.extend)
    for entry in sent.entries:
        muxer.add(entry)
        if muxer.whole_until is not None and (not whole or whole[-1][1] != muxer.whole_until):
            whole.append((len(recorded), muxer.whole_until))
    muxer.close()

    # Half a second and a little is missing from the newest at most
    assert len(whole) >= 6
    path = tmp_path / "cut.mp4"
    for (size_bytes, until), (next_bytes, _) in itertools.pairwise(whole):
        for cut in (size_bytes, size_bytes + 1, (size_bytes + next_bytes) // 2, next_bytes - 1):
            assert whole_bytes(recorded[:cut]) == size_bytes
        path.write_bytes(recorded[:size_bytes])
        assert len(payloads_of(path)) == numbers[until]


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\0\0\0\x08moov", b"\0" * 100, b"\xff" * 100]
)
def test_nothing_is_whole_of_what_is_none(content: bytes) -> None:
    assert whole_bytes(content) == 0
