"""OpenVINO's two files of a model in one: an archive with an .xml and a .bin.

One file is downloaded, checked, named by its content and replaced as one. An archive of the folder
that Ultralytics exports will do as it is.
"""

import re
import zipfile
from pathlib import Path, PurePosixPath

from vigil.errors import ModelInvalid

#: More than any detector has; an archive may say less than it holds.
_MAX_BYTES = 1024**3
_NOTES = "metadata.yaml"
_NOTE = re.compile(r"^(license|task|author|description): (.+)$", re.MULTILINE)
#: The one list of those that matter, as YAML has it in lines.
_KEYPOINTS = re.compile(r"^kpt_shape:\s*- (\d+)\s*- (\d+)\s*$", re.MULTILINE)
_MAX_NOTES_BYTES = 1024**2
#: Fixed, so that the same model is the same archive.
_DAY = (1980, 1, 1, 0, 0, 0)


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive, by its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def read_archive(path: Path) -> tuple[bytes, bytes]:
    """Return the graph and the weights.

    Raises:
        ModelInvalid: There is not one of each, or they cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _only(archive, ".xml"), _only(archive, ".bin")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise ModelInvalid(f"the archive cannot be read: {error}") from error


def read_notes(path: Path) -> dict[str, str]:
    """Return what Ultralytics' export wrote beside the two: licence, task, author.

    Of its metadata.yaml only lines of a name and a text are read, and how many keypoints there are;
    labels are in the graph.
    """
    with zipfile.ZipFile(path) as archive:
        names = [each for each in archive.namelist() if PurePosixPath(each).name == _NOTES]
        if not names:
            return {}
        with archive.open(names[0]) as file:
            text = file.read(_MAX_NOTES_BYTES).decode(errors="replace")
    notes = {key: value.strip("'\" \r") for key, value in _NOTE.findall(text)}
    if keypoints := _KEYPOINTS.search(text):
        notes["kpt_shape"] = f"[{keypoints[1]}, {keypoints[2]}]"
    return notes


def write_archive(xml: Path, into: Path) -> None:
    """Write one archive of an .xml and the .bin beside it.

    Raises:
        ModelInvalid: One of them cannot be read.
    """
    try:
        with zipfile.ZipFile(into, "w") as archive:
            files = {"model.xml": xml, "model.bin": xml.with_suffix(".bin")}
            if (notes := xml.with_name(_NOTES)).is_file():
                files[_NOTES] = notes
            for name, path in files.items():
                if path.stat().st_size > _MAX_BYTES:
                    raise ModelInvalid(f"'{path.name}' has more than {_MAX_BYTES} bytes")
                archive.writestr(zipfile.ZipInfo(name, _DAY), path.read_bytes())
    except OSError as error:
        raise ModelInvalid(
            f"'{error.filename}' cannot be read ({error.strerror}); an OpenVINO model is an .xml "
            "with its .bin beside it"
        ) from error


def _only(archive: zipfile.ZipFile, suffix: str) -> bytes:
    found = [each for each in archive.infolist() if PurePosixPath(each.filename).suffix == suffix]
    if len(found) != 1:
        raise ModelInvalid(
            f"the archive has {len(found)} files that end in {suffix}; accepted is an archive of "
            "one OpenVINO model: an .xml and a .bin"
        )
    with archive.open(found[0]) as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ModelInvalid(f"'{found[0].filename}' has more than {_MAX_BYTES} bytes")
    return content
