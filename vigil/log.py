"""Logs are events with fields, one JSON object a line (or readable lines on a terminal)."""

import logging
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from vigil.masking import redact

log = structlog.get_logger(__name__)


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Redacts the finished line: whatever carried a secret into it, it does not leave."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure_logging(service: str, level: str) -> None:
    """Send structlog, the standard library's records and what crashes to stderr in one form.

    Args:
        service: The name each line carries, such as ``camera_ctrl``.
        level: A name that ``logging`` knows, such as ``INFO``.
    """

    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    shared: list[Processor] = [
        name_service,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # A JSON line needs tracebacks as text. A terminal's renderer formats them itself: plainly, as
    # rich, where it is installed, shows every local variable, and so every secret.
    tail: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        _RedactingFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Python would print the traceback as it is: with the address that something was opened by.
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def _log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        log.error("crashed", exc_info=error)


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    # A thread may end by SystemExit, and says so to nobody.
    if crash.exc_type is not SystemExit:
        name = None if crash.thread is None else crash.thread.name
        log.error("thread_crashed", thread=name, exc_info=crash.exc_value)
