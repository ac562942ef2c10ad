"""What a camera answers to a plain GET: a still, a stream, or nothing of use.

Every answer is bounded in time and size, redirects go to HTTP alone, and credentials to nobody but
the camera that they were given for.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import httpx
from typing_extensions import override

from camera_ctrl.ingest import words
from camera_ctrl.ingest.http_deadline import Deadline, DeadlineTransport
from camera_ctrl.ingest.source import Source
from vigil.clock import Clock
from vigil.errors import CameraUnavailable

CONNECT_TIMEOUT_S = 4.0
READ_TIMEOUT_S = 8.0
#: From the question to the head of the answer, with all redirects and questions for a password.
#: A still is opened by two of these and one fetch: within what a session is given for it.
HEAD_TIMEOUT_S = 20.0
#: A picture that takes longer is of no use to those who watch.
FETCH_TIMEOUT_S = 10.0
#: The largest JPEG that we take.
MAX_STILL_BYTES = 24 * 2**20
MAX_REDIRECTS = 4

_NO_WEB_SERVER = "answers, but is no web server, or breaks off"

_JPEG_TYPES = frozenset({"image/jpeg", "image/jpg", "image/pjpeg"})
_PLAYLIST_TYPES = frozenset(
    {
        "application/dash+xml",
        "application/sdp",
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "audio/mpegurl",
        "audio/x-mpegurl",
    }
)


class HttpKind(StrEnum):
    """What lies behind an HTTP URL."""

    STILL = "still"
    MULTIPART = "multipart"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Still:
    """A picture as it was fetched, with what the camera asks to be told at the next fetch."""

    jpeg: bytes
    etag: str | None
    last_modified: str | None


class HttpCamera:
    """A camera that is asked by GET, over a connection that is kept.

    Args:
        source: Where it is.
        client: Bounded in time, and without redirects of its own.
        deadline: The client's: until when what is asked for must have come.
    """

    def __init__(self, source: Source, *, client: httpx.Client, deadline: Deadline) -> None:
        self._source = source
        self._client = client
        self._deadline = deadline
        known = source.user_and_password
        self._auth = None if known is None else _AsAsked(*known)

    def kind(self) -> HttpKind:
        """Return what the URL gives, from the head of the answer alone.

        Raises:
            CameraUnavailable: Nothing of use; the message is for the camera's owner.
        """
        with self._answer({}) as response:
            self._require_success(response)
            content_type = response.headers.get("content-type", "").partition(";")[0]
        return _kind_of(content_type.strip().lower())

    def still(self, last: Still | None) -> Still | None:
        """Return the newest picture; None: it is still the last one.

        Raises:
            CameraUnavailable: None came; the message is for the camera's owner.
        """
        with self._answer(_conditions(last)) as response:
            if last is not None and response.status_code == HTTPStatus.NOT_MODIFIED:
                return None
            self._require_success(response)
            jpeg = self._body(response)
            return Still(jpeg, response.headers.get("etag"), response.headers.get("last-modified"))

    def _body(self, response: httpx.Response) -> bytes:
        self._deadline.set(FETCH_TIMEOUT_S)
        body = bytearray()
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_STILL_BYTES:
                    raise CameraUnavailable(
                        f"its picture is larger than the {MAX_STILL_BYTES // 2**20} MiB that we"
                        " take"
                    )
        except httpx.TimeoutException as error:
            if self._deadline.is_past:
                raise CameraUnavailable("its picture takes too long to come") from error
            raise
        return bytes(body)

    @contextmanager
    def _answer(self, headers: dict[str, str]) -> Iterator[httpx.Response]:
        self._deadline.set(HEAD_TIMEOUT_S)
        try:
            with self._followed(headers) as response:
                yield response
        except UnicodeError as error:
            # Its name, or the one that it sends us on to, is none that can be looked up.
            raise CameraUnavailable(words.NAME_UNKNOWN) from error
        except httpx.TimeoutException as error:
            raise CameraUnavailable(words.NO_ANSWER) from error
        except httpx.ConnectError as error:
            raise CameraUnavailable(_why_unreachable(error)) from error
        except httpx.RemoteProtocolError as error:
            raise CameraUnavailable(_NO_WEB_SERVER) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise CameraUnavailable("the camera sends us on to where we do not go") from error
        except httpx.HTTPError as error:
            raise CameraUnavailable(words.BROKEN) from error

    @contextmanager
    def _followed(self, headers: dict[str, str]) -> Iterator[httpx.Response]:
        request = self._client.build_request("GET", self._source.url, headers=headers)
        for _ in range(MAX_REDIRECTS + 1):
            response = self._sent(request)
            try:
                if response.next_request is None:
                    yield response
                    return
                request = response.next_request
            finally:
                response.close()
        raise CameraUnavailable("the camera sends us round in circles")

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """Send a request, with credentials if it goes to the camera and that asks for some.

        Our own loop: httpx would read the body of a refusal to its end, which a camera need not
        have.
        """
        is_the_cameras = _server(request.url) == _server(httpx.URL(self._source.url))
        if self._auth is None or not is_the_cameras:
            return self._head_of(request)
        flow = self._auth.auth_flow(request)
        response = self._head_of(next(flow))
        while True:
            try:
                again = flow.send(response)
            except StopIteration:
                return response
            except (KeyError, ValueError, NotImplementedError) as error:
                # An algorithm, a field or a protection that httpx does not know.
                response.close()
                raise CameraUnavailable(
                    "the camera asks for the password in a way that we do not know"
                ) from error
            response.close()
            response = self._head_of(again)

    def _head_of(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its answer with the body unread."""
        try:
            return self._client.send(request, stream=True)
        except (httpx.ReadError, httpx.WriteError) as error:
            # Whether it says something first or just hangs up is a matter of moments.
            raise CameraUnavailable(_NO_WEB_SERVER) from error

    def _require_success(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            is_known = self._source.credentials is not None
            raise CameraUnavailable(words.WRONG_PASSWORD if is_known else words.PASSWORD_WANTED)
        if status in _WORDS_OF_STATUS:
            raise CameraUnavailable(_WORDS_OF_STATUS[status])
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CameraUnavailable(words.ITS_OWN_ERROR)
        if not response.is_success:
            raise CameraUnavailable(words.REFUSED)


@contextmanager
def http_camera(source: Source, *, clock: Clock) -> Iterator[HttpCamera]:
    """Give a camera that is asked by GET; its connection is closed in the end."""
    deadline = Deadline(clock)
    with httpx.Client(
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        # A camera is on our own network: no proxy of the environment stands between.
        trust_env=False,
        transport=DeadlineTransport(deadline),
    ) as client:
        yield HttpCamera(source, client=client, deadline=deadline)


class _AsAsked(httpx.Auth):
    """Digest or Basic, whichever the camera asks for; remembered for the requests to come."""

    def __init__(self, user: str, password: str) -> None:
        self._basic = httpx.BasicAuth(user, password)
        self._digest = httpx.DigestAuth(user, password)
        self._asked: httpx.Auth | None = None

    @override
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._asked is None:
            response = yield request
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            challenges = response.headers.get_list("www-authenticate")
            is_digest = any(each.lower().startswith("digest") for each in challenges)
            self._asked = self._digest if is_digest else self._basic
        yield from self._asked.auth_flow(request)


def _kind_of(content_type: str) -> HttpKind:
    if content_type in _JPEG_TYPES:
        return HttpKind.STILL
    if content_type.startswith("multipart/"):
        return HttpKind.MULTIPART
    if content_type == "text/html":
        raise CameraUnavailable("answers with a web page, not with video; check the path")
    if content_type in _PLAYLIST_TYPES:
        raise CameraUnavailable("answers with a playlist; give the URL of the video itself")
    if content_type.startswith("image/"):
        raise CameraUnavailable("answers with a picture that is no JPEG")
    return HttpKind.VIDEO


def _conditions(last: Still | None) -> dict[str, str]:
    conditions = {}
    if last is not None and last.etag is not None:
        conditions["If-None-Match"] = last.etag
    if last is not None and last.last_modified is not None:
        conditions["If-Modified-Since"] = last.last_modified
    return conditions


def _server(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _why_unreachable(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return words.of_os_error(cause)
        cause = cause.__cause__ or cause.__context__
    return "the camera cannot be reached"


_WORDS_OF_STATUS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: words.NOT_UNDERSTOOD,
    HTTPStatus.FORBIDDEN: words.FORBIDDEN,
    HTTPStatus.NOT_FOUND: words.NOT_FOUND,
}
