"""Models ready to use, made ready by a thread so that nothing waits for a download."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from object_recognition.detection import Detector
from object_recognition.models.source import ModelSource, is_url
from object_recognition.models.store import ModelStore
from vigil.clock import Clock
from vigil.errors import ModelInvalid, ModelUnavailable
from vigil.masking import redact
from vigil.runtime import Backoff, StopSignal, start_thread

log = structlog.get_logger(__name__)

#: Seconds between tries while a model's server is away.
_FIRST_RETRY_S = 2.0
_MAX_RETRY_S = 300.0
#: Seconds after which a refused model is tried again: a log-in page in its place goes away.
_RETRY_REFUSED_S = 3600.0
_POLL_S = 0.2


@dataclass(slots=True)
class _Wanted:
    """One model on the way."""

    backoff: Backoff
    due_s: float = 0.0
    detector: Detector | None = None
    error: str | None = None


class ModelShelf:
    """Hands out detectors by the name of their model, once they are there.

    Args:
        store: Where model files are kept.
        load: Makes a detector of a file; raises ModelInvalid.
        pinned: Sources that are known better than by their name, such as the default.
        clock: For when to try again.
        stop: Ends the thread; set by it where it dies, so that the process ends too.
    """

    def __init__(
        self,
        *,
        store: ModelStore,
        load: Callable[[Path, str], Detector],
        pinned: dict[str, ModelSource],
        clock: Clock,
        stop: StopSignal,
    ) -> None:
        self._store = store
        self._load = load
        self._pinned = pinned
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._wanted: dict[str, _Wanted] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to fetch what is asked for; a bug in that sets the stop."""
        self._thread = start_thread(self._work, name="models", stop=self._stop)

    def close(self) -> None:
        """Wait a moment for the thread to end; the stop must be set."""
        if self._thread is not None:
            # A moment: a server that is silent for half a minute must not hold up the end.
            self._thread.join(timeout=2.0)

    def get(self, model: str) -> tuple[Detector | None, str | None]:
        """Return a model's detector, or None and why it is not there yet. Never waits.

        Args:
            model: A URL, a path, or a pinned name.
        """
        with self._lock:
            wanted = self._wanted.get(model)
            if wanted is None:
                wanted = _Wanted(Backoff(first_s=_FIRST_RETRY_S, max_s=_MAX_RETRY_S))
                self._wanted[model] = wanted
            return wanted.detector, wanted.error

    def refuse(self, model: str, reason: str) -> None:
        """Take a model away that does not work on a camera's frames."""
        with self._lock:
            wanted = self._wanted.get(model)
            if wanted is not None:
                wanted.detector, wanted.error = None, reason
                wanted.due_s = self._clock.monotonic_s() + _RETRY_REFUSED_S

    def keep_only(self, models: Collection[str]) -> None:
        """Forget every model that no camera asks for any more."""
        with self._lock:
            self._wanted = {each: self._wanted[each] for each in self._wanted if each in models}

    def _work(self) -> None:
        while not self._stop.wait(_POLL_S):
            with self._lock:
                now_s = self._clock.monotonic_s()
                due = [
                    (model, wanted)
                    for model, wanted in self._wanted.items()
                    if wanted.detector is None and wanted.due_s <= now_s
                ]
            for model, wanted in due:
                if self._stop.is_set():
                    return
                self._make_ready(model, wanted)

    def _make_ready(self, model: str, wanted: _Wanted) -> None:
        detector, error, wait_s = None, None, 0.0
        try:
            detector = self._detector_of(model)
            log.info("model_ready", model=redact(model), name=detector.name)
        except ModelUnavailable as unavailable:
            error, wait_s = str(unavailable), wanted.backoff.next_s()
            log.warning("model_unavailable", model=redact(model), reason=error, retry_in_s=wait_s)
        except ModelInvalid as invalid:
            error, wait_s = str(invalid), _RETRY_REFUSED_S
            log.error("model_refused", model=redact(model), reason=error)
        with self._lock:
            wanted.detector, wanted.error = detector, error
            wanted.due_s = self._clock.monotonic_s() + wait_s

    def _detector_of(self, model: str) -> Detector:
        source = self._pinned.get(model)
        if source is None and is_url(model):
            source = ModelSource(model)
        if source is not None:
            return self._load(self._store.fetch(source), source.name)
        path = Path(model)
        if not path.is_absolute():
            raise ModelInvalid(
                f"'{redact(model)}' is no model: "
                "expected is basic, default, off, a URL or a whole path"
            )
        return self._load(self._store.add_file(path), path.stem)
