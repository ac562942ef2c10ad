"""Counters for Prometheus: how often each route was called, and how long it took."""

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from vigil.clock import Clock

EXTENSION = "vigil_metrics"


def install_metrics(app: Flask, clock: Clock) -> None:
    """Count each request of this application, by route and not by address.

    A stream is counted when it begins; its time is that to its first byte.
    """
    registry = CollectorRegistry()
    requests = Counter(
        "vigil_http_requests",
        "Requests answered.",
        ["method", "route", "status"],
        registry=registry,
    )
    durations = Histogram(
        "vigil_http_request_duration_seconds",
        "Seconds to the first byte of the answer.",
        ["method", "route"],
        registry=registry,
    )
    app.extensions[EXTENSION] = registry

    def begin() -> None:
        g.began_s = clock.monotonic_s()

    def count(answer: Response) -> Response:
        route = "unknown" if request.url_rule is None else request.url_rule.rule
        requests.labels(_method(), route, str(answer.status_code)).inc()
        durations.labels(_method(), route).observe(clock.monotonic_s() - g.began_s)
        return answer

    app.before_request(begin)
    app.after_request(count)


def exposition(app: Flask) -> Response:
    """Return the counters in Prometheus' text form."""
    return Response(generate_latest(app.extensions[EXTENSION]), content_type=CONTENT_TYPE_LATEST)


def _method() -> str:
    # Anybody can invent methods; each would be a time series of its own.
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"
