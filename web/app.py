"""The application factory. What the application needs, it is given."""

import importlib
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Final

from argon2 import PasswordHasher
from flask import Flask, Response
from flask_smorest import Api
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from vigil.clock import Clock
from vigil.sealing import Sealer
from web.access.guard import install_guard
from web.access.tokens import TokenSigner
from web.access_log import install_access_log
from web.blueprint import ApiBlueprint
from web.cameras.configuration import ConfigurationPublisher
from web.database import ask_postgresql, db, install_database
from web.deletions.orders import DeletionOrders
from web.errors import install_error_handlers
from web.images.folder import PictureFolder
from web.limits import install_limits
from web.openapi import configure_openapi, install_openapi
from web.pages.routes import pages
from web.playback.shelf import GopShelf
from web.playback.thumbnails.decoder import KeyframeDecoder
from web.playback.thumbnails.service import Thumbnails
from web.protections.publisher import ProtectionPublisher
from web.recordings.volumes import Volumes
from web.schemas import MAX_ID
from web.settings import WebSettings
from web.status.metrics import install_metrics
from web.status.readiness import Check, Readiness
from web.users.passwords import Passwords
from web.wiring import EXTENSION, Bus, Wiring

DOMAINS: Final = (
    "users",
    "access",
    "cameras",
    "rectangles",
    "masks",
    "lines",
    "time_intervals",
    "notifications",
    "recipients",
    "recordings",
    "playback",
    "protections",
    "deletions",
    "storage",
    "exports",
    "tracks",
    "detections",
    "explanations",
    "facts",
    "audit",
    "images",
    "status",
    "workers",
)

#: What our pages may load: nothing but our own, and no script or style inside a page.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class IdConverter(IntegerConverter):
    """The number of a row. Greater ones than PostgreSQL knows name nothing."""

    regex = r"[0-9]{1,19}"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MAX_ID)


def create_app(
    settings: WebSettings,
    *,
    bus: Bus,
    checks: Mapping[str, Check],
    clock: Clock,
    hasher: PasswordHasher,
    streams: ApiBlueprint | None = None,
) -> Flask:
    """Return the application.

    Args:
        settings: What the operator turned.
        bus: What it reads and writes in Redis.
        checks: What ``/readyz`` asks, beside PostgreSQL.
        clock: Judges tokens and invitations.
        hasher: Of passwords, with its cost.
        streams: The routes of the stream path; None: an application without live pictures.

    Raises:
        SetupInvalid: A route has no rule that says who may call it.
    """
    app, sessions = _with_database(settings)
    app.extensions[EXTENSION] = Wiring(
        settings=settings,
        clock=clock,
        signer=TokenSigner(*settings.secrets(), clock=clock),
        passwords=Passwords(hasher),
        sealer=Sealer(*settings.secrets()),
        configuration=ConfigurationPublisher(bus.config_store, sessions),
        statuses=bus.statuses,
        detections=bus.detections,
        explanations=bus.explanations,
        recordings=bus.recordings,
        footage=bus.footage,
        protections=ProtectionPublisher(bus.footage, sessions),
        deletions=DeletionOrders(bus.footage, sessions),
        exports=bus.exports,
        pictures=PictureFolder(settings.vigil_home / "pictures"),
        volumes=Volumes((settings.footage_folder(),)),
        gops=GopShelf(),
        thumbnails=Thumbnails(KeyframeDecoder()),
        pool=bus.pool,
        readiness=_readiness(sessions, checks, clock),
    )
    _install_parts(app, settings, clock, streams)
    return app


def _readiness(
    sessions: sessionmaker[Session], checks: Mapping[str, Check], clock: Clock
) -> Readiness:
    return Readiness({"postgresql": partial(ask_postgresql, sessions), **checks}, clock=clock)


def _with_database(settings: WebSettings) -> tuple[Flask, sessionmaker[Session]]:
    """Return an application that nothing but its settings and its database is part of yet."""
    app = Flask(__name__)
    _configure(app, settings)
    install_database(app, settings)
    with app.app_context():
        return app, sessionmaker(db.engine)


def _install_parts(
    app: Flask, settings: WebSettings, clock: Clock, streams: ApiBlueprint | None
) -> None:
    # First, so that their clocks start before anything else is done for a request.
    install_metrics(app, clock)
    install_access_log(app, clock)
    _install_routes(app, streams)
    install_guard(app)
    install_limits(app, settings)
    install_error_handlers(app)
    app.after_request(_harden)
    _name_run(app)


def _configure(app: Flask, settings: WebSettings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.converters["id"] = IdConverter
    # A doubled slash names nothing; it is no misspelling to be corrected by a redirect.
    app.url_map.merge_slashes = False
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # As Flask's documents say.


def _install_routes(app: Flask, streams: ApiBlueprint | None) -> None:
    configure_openapi(app)
    api = Api(app)
    api.register_converter(IdConverter, _document_id)
    for domain in DOMAINS:
        api.register_blueprint(importlib.import_module(f"web.{domain}.routes").blp)
    if streams is not None:
        api.register_blueprint(streams)
    install_openapi(app, api)
    app.register_blueprint(pages)


def _document_id(_converter: IdConverter) -> dict[str, object]:
    return {"type": "integer", "format": "int64", "minimum": 1}


def _harden(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    # An address can carry a stream token.
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _name_run(app: Flask) -> None:
    """Name this run of the application in each answer: streams of an earlier one have ended."""
    name = secrets.token_hex(4)

    @app.after_request
    def add_name(answer: Response) -> Response:
        answer.headers["X-Vigil-Run"] = name
        return answer
