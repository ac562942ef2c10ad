"""The pages. Scripts and styles are files; what a page needs, its script asks the API for."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, current_app, render_template, send_from_directory
from flask.typing import ResponseReturnValue

from web.access.principal import current_principal
from web.access.rights import Right
from web.access.visibility import find_visible
from web.database import db
from web.openapi import EXTENSION
from web.users.service import has_accounts

pages = Blueprint("pages", __name__)

#: Swagger UI's own files, from the package that carries them: no internet is needed.
_SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"


@pages.get("/")
def first_page() -> str:
    """Show the cameras that the caller may see, live."""
    who = current_principal()
    return render_template(
        "first_page.html",
        who=who,
        may_add=who.may(Right.MANAGE_CAMERAS),
        # Whoever looks after the accounts looks after the servers.
        may_mend=who.may(Right.MANAGE_ACCOUNTS),
    )


@pages.get("/login")
def log_in_page() -> str:
    """Let somebody log in, or make an account."""
    return render_template("login.html", is_first_visit=not has_accounts(db.session()))


@pages.get("/snapshot_ui/<id:camera_id>")
def rectangles_page(camera_id: int) -> str:
    """Let somebody draw a camera's rectangles and lines, and its privacy masks."""
    who = current_principal()
    camera = find_visible(db.session(), who, camera_id)
    return render_template(
        "snapshot_ui.html",
        camera=camera,
        may_edit=who.may(Right.EDIT_RULES),
        may_mask=who.may(Right.EDIT_MASKS),
    )


@pages.get("/docs")
def api_page() -> str:
    """Show the API, to read and to try."""
    return render_template("docs.html")


@pages.get("/docs/assets/<path:filename>")
def api_page_asset(filename: str) -> ResponseReturnValue:
    """Serve a file of Swagger UI."""
    return send_from_directory(_SWAGGER_UI, filename, max_age=86_400)


@pages.get("/openapi.json")
def openapi_document() -> ResponseReturnValue:
    """Serve the OpenAPI document."""
    return current_app.json.response(current_app.extensions[EXTENSION])
