"""A model is whole, checked and the right one, or it is refused and the earlier one stays."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from object_recognition.checkpoints.convert import CheckpointConverter
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.source import DEFAULT_MODEL, ModelSource
from object_recognition.models.store import ModelStore
from tests.recognition.file_server import FileServer, served
from tests.waiting import wait_until
from vigil.clock import SystemClock
from vigil.errors import ModelInvalid, ModelUnavailable
from vigil.runtime import StopSignal

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Limits(connect_s=2, silence_s=0.5, total_s=5, max_bytes=1_000_000)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with served(CONTENT) as running:
        yield running


def a_store(folder: Path, *, limits: Limits = QUICK, stop: StopSignal | None = None) -> ModelStore:
    downloader = Downloader(limits=limits, clock=SystemClock(), stop=stop or StopSignal())
    return ModelStore(
        folder,
        downloader=downloader,
        check=refuse_text,
        converter=CheckpointConverter(folder, threads=1),
        max_bytes=limits.max_bytes,
    )


def refuse_text(path: Path) -> None:
    if path.read_bytes().startswith(b"<html>"):
        raise ModelInvalid("the file is no model")


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.onnx")}


def test_a_model_is_named_by_its_content(server: FileServer, tmp_path: Path) -> None:
    path = a_store(tmp_path).fetch(ModelSource(f"{server.url}/good"))

    assert path == tmp_path / f"{SHA256}.onnx"
    assert path.read_bytes() == CONTENT


def test_two_urls_that_end_alike_keep_two_files(server: FileServer, tmp_path: Path) -> None:
    store = a_store(tmp_path)
    first = store.fetch(ModelSource(f"{server.url}/a/best.onnx"))
    server.content = b"another" * 100

    second = store.fetch(ModelSource(f"{server.url}/b/best.onnx"))

    assert first.read_bytes() == CONTENT
    assert second.read_bytes() == b"another" * 100


def test_what_is_there_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    source = ModelSource(f"{server.url}/good")
    a_store(tmp_path).fetch(source)

    again = a_store(tmp_path).fetch(source)

    assert again.read_bytes() == CONTENT
    assert len(server.requests) == 1
    assert a_store(tmp_path).find(source) == again


def test_a_download_goes_on_where_it_broke_off(server: FileServer, tmp_path: Path) -> None:
    source = ModelSource(f"{server.url}/cut")
    store = a_store(tmp_path)
    with pytest.raises(ModelUnavailable, match="broke off"):
        store.fetch(source)
    assert files_in(tmp_path) == set()

    # A fresh process goes on; the rest is half of the file, so it is not cut again.
    path = a_store(tmp_path).fetch(source)

    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_file_that_changed_meanwhile_is_begun_again(server: FileServer, tmp_path: Path) -> None:
    source = ModelSource(f"{server.url}/cut")
    with pytest.raises(ModelUnavailable):
        a_store(tmp_path).fetch(source)
    server.content, server.etag, server.cut_after_bytes = CONTENT[::-1], '"two"', len(CONTENT)

    path = a_store(tmp_path).fetch(source)

    assert path.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_is_asked_for_the_whole(server: FileServer, tmp_path: Path) -> None:
    source = ModelSource(f"{server.url}/no-range")
    with pytest.raises(ModelUnavailable):
        a_store(tmp_path).fetch(source)

    assert a_store(tmp_path).fetch(source).read_bytes() == CONTENT


def test_pieces_that_do_not_fit_are_no_verdict(server: FileServer, tmp_path: Path) -> None:
    # Given a server that answers a range with another file under the same tag
    source = ModelSource(f"{server.url}/glued", sha256=hashlib.sha256(b"x").hexdigest())
    store = a_store(tmp_path)
    with pytest.raises(ModelUnavailable, match="broke off"):
        store.fetch(source)

    # Then what was put together is thrown away, and the next try is for the whole
    with pytest.raises(ModelUnavailable, match="pieces do not fit"):
        store.fetch(source)
    with pytest.raises(ModelInvalid, match="SHA-256"):
        store.fetch(source)
    assert server.ranges[2] is None


REFUSED = {
    "another content": ("/good", {"sha256": "0" * 64}, f"SHA-256 is {SHA256}, expected is 000"),
    "another size": ("/good", {"size_bytes": 7}, "announces 256000 bytes, expected are 7"),
    "too large": ("/long", {}, "announces 2560000 bytes, at most 1000000"),
    "more than said": ("/endless", {"size_bytes": 256_000}, "sent more than 256000 bytes"),
    "not there": ("/status/404", {}, "answers 404"),
    "forbidden": ("/status/403", {}, "answers 403"),
    "a circle": ("/loop", {}, "more than 5 redirects"),
    "nobody": ("/to-nobody", {}, "the address cannot be used"),
    "a local file": ("/to-file", {}, "cannot be used"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_in_words_and_leaves_nothing(
    server: FileServer, tmp_path: Path, case: str
) -> None:
    path, known, message = REFUSED[case]
    source = ModelSource(f"{server.url}{path}", **known)  # type: ignore[arg-type]

    with pytest.raises(ModelInvalid, match=message):
        a_store(tmp_path).fetch(source)

    assert files_in(tmp_path) == set()
    assert [p for p in (tmp_path / "part").iterdir() if p.suffix != ".lock"] == []


PASSING = {
    "an error": ("/status/500", "answers 500"),
    "overload": ("/status/503", "answers 503"),
    "too many": ("/status/429", "answers 429"),
    "says more than it sends": ("/long", "broke off"),
    "silence": ("/silent", "fell silent"),
    "a drip": ("/slow", "not done in 0.3 s"),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_server_in_trouble_is_asked_again_later(
    server: FileServer, tmp_path: Path, case: str
) -> None:
    path, message = PASSING[case]
    limits = Limits(connect_s=2, silence_s=0.5, total_s=0.3)

    with pytest.raises(ModelUnavailable, match=message):
        a_store(tmp_path, limits=limits).fetch(ModelSource(f"{server.url}{path}"))

    assert files_in(tmp_path) == set()


def test_a_server_that_is_not_there_is_asked_again_later(
    server: FileServer, tmp_path: Path
) -> None:
    server.close()

    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        a_store(tmp_path).fetch(ModelSource(f"{server.url}/good"))


def test_a_bad_file_never_replaces_a_good_one(server: FileServer, tmp_path: Path) -> None:
    store = a_store(tmp_path)
    good = store.fetch(ModelSource(f"{server.url}/good"))
    server.content = b"<html> please log in </html>"

    with pytest.raises(ModelInvalid, match="no model"):
        store.fetch(ModelSource(f"{server.url}/other"))

    assert store.find(ModelSource(f"{server.url}/good")) == good
    assert good.read_bytes() == CONTENT
    assert store.find(ModelSource(f"{server.url}/other")) is None


def test_a_redirect_is_followed(server: FileServer, tmp_path: Path) -> None:
    path = a_store(tmp_path).fetch(ModelSource(f"{server.url}/moved", sha256=SHA256))

    assert path.read_bytes() == CONTENT


def test_a_stop_ends_a_download(server: FileServer, tmp_path: Path) -> None:
    stop = StopSignal()
    store = a_store(tmp_path, stop=stop)
    errors: list[Exception] = []

    def fetch() -> None:
        try:
            store.fetch(ModelSource(f"{server.url}/slow"))
        except ModelUnavailable as error:
            errors.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    wait_until(lambda: server.requests)
    stop.set()
    thread.join(timeout=5)

    assert [str(error) for error in errors] == ["stopped"]


def test_only_one_process_fetches_a_file(server: FileServer, tmp_path: Path) -> None:
    source = ModelSource(f"{server.url}/slow")
    stop = StopSignal()
    first = a_store(tmp_path, stop=stop)

    def fetch() -> None:
        with pytest.raises(ModelUnavailable, match="stopped"):
            first.fetch(source)

    thread = threading.Thread(target=fetch)
    thread.start()
    wait_until(lambda: server.requests)

    with pytest.raises(ModelUnavailable, match="another process"):
        a_store(tmp_path).fetch(source)

    stop.set()
    thread.join(timeout=5)
    assert len(server.requests) == 1


def test_a_local_file_is_copied(tmp_path: Path) -> None:
    original = tmp_path / "mine.onnx"
    original.write_bytes(CONTENT)

    kept = a_store(tmp_path / "store").add_file(original)
    original.unlink()

    assert kept.name == f"{SHA256}.onnx"
    assert kept.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"<html>", None], ids=["no model", "no file"])
def test_a_bad_local_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.onnx"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelInvalid):
        a_store(tmp_path / "store").add_file(path)

    assert files_in(tmp_path / "store") == set()


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="null byte"):
        a_store(tmp_path).add_file(Path("/a\0b"))


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = {"device": Path("/dev/zero"), "pipe": pipe, "folder": tmp_path}[kind]

    with pytest.raises(ModelInvalid, match="it is no file"):
        a_store(tmp_path / "store").add_file(path)


def test_a_local_file_may_have_so_many_bytes_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(CONTENT)

    with pytest.raises(ModelInvalid, match="more than 255999 bytes"):
        a_store(tmp_path / "store", limits=Limits(max_bytes=255_999)).add_file(path)

    kept = a_store(tmp_path / "store", limits=Limits(max_bytes=256_000)).add_file(path)
    assert kept.read_bytes() == CONTENT


@pytest.mark.timeout(10)
def test_a_file_that_says_to_be_empty_and_has_no_end_is_refused(tmp_path: Path) -> None:
    path = Path("/proc/self/pagemap")
    assert path.stat().st_size == 0

    with pytest.raises(ModelInvalid, match="more than 1000000 bytes"):
        a_store(tmp_path).add_file(path)


def test_a_disk_that_keeps_nothing_is_asked_again_later(server: FileServer, tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(CONTENT)
    store = a_store(model / "in no folder")

    with pytest.raises(ModelUnavailable, match="cannot be kept: Not a directory"):
        store.fetch(ModelSource(f"{server.url}/good"))
    with pytest.raises(ModelUnavailable, match="cannot be kept: Not a directory"):
        store.add_file(model)


@pytest.mark.parametrize(
    "url", ["", "best.pt", "file:///etc/passwd", "ftp://host/x", "http://", "https://[bad/x"]
)
def test_an_address_that_cannot_be_fetched_is_no_source(url: str) -> None:
    with pytest.raises(ModelInvalid):
        ModelSource(url)


@pytest.mark.parametrize("host", ["models..invalid", "m" * 64 + ".invalid", "xn--a"])
def test_a_host_that_can_be_nobodys_name_is_refused(tmp_path: Path, host: str) -> None:
    # Python refuses to look it up.
    with pytest.raises(ModelInvalid, match="the address cannot be used"):
        a_store(tmp_path).fetch(ModelSource(f"http://{host}/best.onnx"))


def test_the_default_has_a_name_for_people() -> None:
    assert DEFAULT_MODEL.name == "yolox_nano"
