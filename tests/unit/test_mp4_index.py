"""Where the GOPs of a file lie: by its index, by its fragments, of files cut off anywhere."""

import os
from pathlib import Path
from typing import Any

import av
import pytest

from recorder.mp4.boxes import lengths_for
from recorder.mp4.fragments import FragmentMuxer
from tests.footage import footage_of
from tests.recorder.clips import make_clip, whole_bytes
from vigil.mp4.index import GopIndex, mfra, read_gops

#: Of each kind, where its keyframes are shown, in seconds from the first.
KINDS: dict[str, tuple[dict[str, Any], list[float]]] = {
    "h264": ({}, [0, 1, 2, 3]),
    "h264 with B-frames": ({"b_frames": 3}, [0, 1, 2, 3]),
    "h265 with B-frames": ({"codec": "libx265", "b_frames": 3}, [0, 1, 2, 3]),
    "keyframes alone": ({"gop": 1}, [number / 25 for number in range(100)]),
    "one keyframe": ({"gop": 10_000}, [0]),
}


@pytest.fixture(scope="module", params=KINDS)
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[bytes, list[float]]:
    settings, keyframes_s = KINDS[request.param]
    clip = make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=4, **settings)
    return recording_of(clip), keyframes_s


def recording_of(clip: Path) -> bytes:
    """Return a clip as the recorder keeps it."""
    sent, written = footage_of(clip), bytearray()
    muxer = FragmentMuxer(sent.template, write=written.extend)
    for entry in sent.entries:
        muxer.add(entry)
    muxer.close()
    for at, length in lengths_for(written, 4):
        written[at : at + len(length)] = length
    return bytes(written)


def gops_of(folder: Path, content: bytes) -> GopIndex | None:
    path = folder / "footage.mp4"
    path.write_bytes(content)
    file = os.open(path, os.O_RDONLY)
    try:
        return read_gops(file)
    finally:
        os.close(file)


def test_the_index_says_the_same_as_the_fragments(
    recorded: tuple[bytes, list[float]], tmp_path: Path
) -> None:
    content, keyframes_s = recorded
    whole = whole_bytes(content)

    indexed, scanned = gops_of(tmp_path, content), gops_of(tmp_path, content[:whole])

    assert indexed is not None
    assert indexed == scanned
    assert [(each - indexed.shown[0]) / indexed.scale for each in indexed.shown] == keyframes_s
    assert indexed.length / indexed.scale == 4
    assert indexed.end == whole


def test_what_begins_at_a_place_decodes_alone(
    recorded: tuple[bytes, list[float]], tmp_path: Path
) -> None:
    content, _ = recorded
    index = gops_of(tmp_path, content)
    assert index is not None
    for place in index.places:
        path = tmp_path / "piece.mp4"
        path.write_bytes(content[: index.head_bytes] + content[place : index.end])
        with av.open(path) as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            assert next(container.decode(video=0)).key_frame


@pytest.mark.parametrize(
    "wrong",
    [
        lambda content, _: content + b"\0",
        lambda content, _: content[:-1],
        # Of another track, of no entries, beyond the end, and longer than the file
        lambda _, whole: whole + mfra(2, [(0, 800)]),
        lambda _, whole: whole + mfra(1, []),
        lambda _, whole: whole + mfra(1, [(0, 2**40)]),
        lambda _, whole: whole + mfra(1, [(0, 800)])[:-4] + b"\x7f\xff\xff\xff",
    ],
)
def test_an_index_that_is_wrong_is_not_believed(
    recorded: tuple[bytes, list[float]], tmp_path: Path, wrong: Any
) -> None:
    content, keyframes_s = recorded
    index = gops_of(tmp_path, wrong(content, content[: whole_bytes(content)]))

    assert index is not None
    assert len(index.shown) == len(keyframes_s)


def test_wherever_a_file_is_cut_off_only_what_is_whole_is_told(
    recorded: tuple[bytes, list[float]], tmp_path: Path
) -> None:
    content, _ = recorded
    for cut in range(0, len(content), max(1, len(content) // 400)):
        index, whole = gops_of(tmp_path, content[:cut]), whole_bytes(content[:cut])
        assert (index.end if index else 0) == whole
        assert index is None or index.places[-1] < index.end


@pytest.mark.parametrize("seed", range(40))
def test_no_garbage_is_more_than_a_file_that_cannot_be_played(
    recorded: tuple[bytes, list[float]], tmp_path: Path, seed: int
) -> None:
    content = bytearray(recorded[0])
    # Within the head, the first fragment's own head, and the index
    for at in (40 + seed * 17, 800 + seed * 5, len(content) - 20 - seed):
        content[at] ^= 0xFF
    index = gops_of(tmp_path, bytes(content))
    assert index is None or index.scale > 0
