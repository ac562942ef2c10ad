"""Logs are events with fields, one JSON object a line (or readable lines on a terminal)."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

#: What stands between a scheme and its host: never to be seen in a log.
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@]*@")
#: A query can carry a stream token.
_TOKEN = re.compile(r"(?P<name>[?&]token=)[^&\s\"']+")


def redact(text: str) -> str:
    """Return text with credentials in URLs and stream tokens replaced by ``***``."""
    return _TOKEN.sub(r"\g<name>***", _USERINFO.sub(r"\g<scheme>***@", text))


def _redact_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event


def configure_logging(service: str, level: str) -> None:
    """Send structlog and the standard library's records to stderr in one form.

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
    # A terminal's renderer formats tracebacks itself; a JSON line needs them as text first.
    tail: list[Processor] = (
        [_redact_fields, structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [
            structlog.processors.format_exc_info,
            _redact_fields,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
