"""One file over HTTP: bounded in size, time and redirects, and taken up where it broke off."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import structlog

from vigil.clock import Clock
from vigil.durable_file import write_atomically
from vigil.errors import ModelInvalid, ModelUnavailable
from vigil.masking import redact
from vigil.runtime import StopSignal

log = structlog.get_logger(__name__)

#: Answers that may be another one later; any other error stays one until somebody acts.
_PASSING = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may cost.

    Attributes:
        max_bytes: A larger file is refused.
        connect_s: Seconds to reach the server.
        silence_s: Seconds without a byte.
        total_s: Seconds for one try; what came until then is kept for the next.
        redirects: How often the address may change.
    """

    max_bytes: int = 512 * 1024**2
    connect_s: float = 10.0
    silence_s: float = 30.0
    total_s: float = 1800.0
    redirects: int = 5


class Downloader:
    """Fetches files to disk.

    Args:
        limits: For each try.
        clock: For the total time.
        stop: Ends a download between two chunks.
    """

    def __init__(self, *, limits: Limits, clock: Clock, stop: StopSignal) -> None:
        self._limits = limits
        self._clock = clock
        self._stop = stop

    def download(self, url: str, part: Path, *, size_bytes: int | None) -> bool:
        """Fetch url into part, going on where an earlier try ended if the server agrees.

        Returns:
            Whether part was put together from more than one try.

        Args:
            url: Where the file is.
            part: The file so far; beside it lies what names the version it is of.
            size_bytes: What it must have, or None.

        Raises:
            ModelUnavailable: It did not come to its end; part holds what came.
            ModelInvalid: It can never be right; part is gone.
        """
        limits = self._limits
        timeout = httpx.Timeout(limits.silence_s, connect=limits.connect_s)
        try:
            with (
                httpx.Client(
                    timeout=timeout,
                    follow_redirects=True,
                    max_redirects=limits.redirects,
                    # The system's certificates: an operator's own authority is among them.
                    verify=ssl.create_default_context(),
                ) as client,
                client.stream("GET", url, headers=_headers(part)) as response,
            ):
                return self._take(response, part, size_bytes=size_bytes)
        except httpx.TooManyRedirects as error:
            raise ModelInvalid(f"more than {limits.redirects} redirects") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            # UnicodeError: the host can be nobody's name, here or where we are sent on to.
            raise ModelInvalid(f"the address cannot be used: {redact(str(error))}") from error
        except httpx.HTTPError as error:
            raise ModelUnavailable(_in_words(error)) from error
        except OSError as error:
            raise ModelUnavailable(f"it cannot be kept: {error.strerror}") from error

    def _take(self, response: httpx.Response, part: Path, *, size_bytes: int | None) -> bool:
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            discard(part)
            raise ModelUnavailable("the file changed on the server: begin again")
        if response.status_code in _PASSING:
            raise ModelUnavailable(f"the model's server answers {response.status_code}")
        if response.status_code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            discard(part)
            raise ModelInvalid(f"the model's server answers {response.status_code}")
        is_resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
        have = _resume_at(response, part) if is_resumed else 0
        announced = _announced_bytes(response, have=have)
        self._check_size(announced, size_bytes, part, said="the model's server announces")
        if not is_resumed:
            _remember_version(response, part)
        self._write(response, part, have=have, size_bytes=size_bytes)
        got = part.stat().st_size
        if announced is not None and got < announced:
            raise ModelUnavailable(f"broken off after {got} of {announced} bytes")
        self._check_size(got, size_bytes, part, said="the model's server sent")
        return is_resumed

    def _write(
        self, response: httpx.Response, part: Path, *, have: int, size_bytes: int | None
    ) -> None:
        most = self._limits.max_bytes if size_bytes is None else size_bytes
        give_up_s = self._clock.monotonic_s() + self._limits.total_s
        with part.open("r+b" if have else "wb") as file:
            file.seek(have)
            file.truncate()
            # Raw: a proxy that compresses would change the bytes that we count. As they come: to
            # gather them would lose what came before a break, and wait for ever on a drip.
            for chunk in response.iter_raw():
                have += len(chunk)
                if have > most:
                    discard(part)
                    raise ModelInvalid(f"the model's server sent more than {most} bytes")
                file.write(chunk)
                if self._stop.is_set():
                    raise ModelUnavailable("stopped")
                if self._clock.monotonic_s() > give_up_s:
                    raise ModelUnavailable(f"not done in {self._limits.total_s:g} s")

    def _check_size(
        self, found: int | None, size_bytes: int | None, part: Path, *, said: str
    ) -> None:
        if found is None:
            return
        if size_bytes is not None and found != size_bytes:
            discard(part)
            raise ModelInvalid(f"{said} {found} bytes, expected are {size_bytes}")
        if found > self._limits.max_bytes:
            discard(part)
            raise ModelInvalid(f"{said} {found} bytes, at most {self._limits.max_bytes} are taken")


def discard(part: Path) -> None:
    """Remove what came of a file, and what is known of its version."""
    part.unlink(missing_ok=True)
    _version_path(part).unlink(missing_ok=True)


def _headers(part: Path) -> Mapping[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "vigil"}
    version = _known_version(part)
    if version is not None and part.is_file() and part.stat().st_size:
        # Without If-Range a changed file would be glued onto the old one's beginning.
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": version}
    return headers


def _known_version(part: Path) -> str | None:
    try:
        version = json.loads(_version_path(part).read_bytes())["version"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, str) else None


def _remember_version(response: httpx.Response, part: Path) -> None:
    etag = response.headers.get("ETag", "")
    # A weak tag promises the same meaning, not the same bytes.
    version = etag if etag.startswith('"') else response.headers.get("Last-Modified")
    discard(part)
    if version and response.headers.get("Accept-Ranges", "") != "none":
        write_atomically(_version_path(part), json.dumps({"version": version}).encode())


def _version_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _resume_at(response: httpx.Response, part: Path) -> int:
    have = part.stat().st_size if part.is_file() else 0
    if not have or not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        discard(part)
        raise ModelUnavailable("the model's server sent another part than asked for: begin again")
    return have


def _announced_bytes(response: httpx.Response, *, have: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdecimal() else None


def _in_words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "the model's server cannot be reached in time"
    if isinstance(error, httpx.TimeoutException):
        return "the model's server fell silent"
    if isinstance(error, httpx.RemoteProtocolError):
        return "the model's server broke off"
    return f"the model's server cannot be reached: {redact(str(error))[:200]}"
