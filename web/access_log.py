"""One line in the log for each request that was answered, and never its query."""

import structlog
from flask import Flask, Response, g, request

from vigil.clock import Clock

log = structlog.get_logger(__name__)

#: Asked every few seconds by machines; the metrics count them.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})


def install_access_log(app: Flask, clock: Clock) -> None:
    """Log who asked for what, and how it ended. A stream is logged when it begins."""

    def begin() -> None:
        g.asked_s = clock.monotonic_s()

    def tell(answer: Response) -> Response:
        rule = None if request.url_rule is None else request.url_rule.rule
        if rule in _QUIET and answer.status_code < 500:
            return answer
        principal = g.get("principal")
        log.info(
            "request_answered",
            method=request.method,
            # The query is left out: it can carry a stream token.
            path=request.path,
            status=answer.status_code,
            duration_ms=round((clock.monotonic_s() - g.asked_s) * 1000),
            address=request.remote_addr,
            account=None if principal is None else principal.username,
        )
        return answer

    app.before_request(begin)
    app.after_request(tell)
