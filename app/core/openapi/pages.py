"""The documentation in a browser: Swagger's page, with every file of it served from here."""

from enum import StrEnum

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from app.core.config import get_settings
from app.core.errors import NotFound

# Nothing from elsewhere. Its icons are written into its style sheet as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# They change with a release of the library alone; a browser then asks with the ETag it has.
CACHE_CONTROL = "public, max-age=86400"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contrail: the booking API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


class Asset(StrEnum):
    """The files of the page, and no others of the folders they are in."""

    BUNDLE = "swagger-ui-bundle.js"
    STYLE = "swagger-ui.css"
    ICON = "favicon.png"
    START = "start.js"


router = APIRouter(prefix="/docs", include_in_schema=False)
_files = StaticFiles(packages=[("fastapi_offline", "static"), ("app.core.openapi", "static")])


@router.get("")
async def docs() -> HTMLResponse:
    _ensure_sandbox()
    return HTMLResponse(PAGE, headers={"content-security-policy": POLICY})


@router.get("/{asset}")
async def docs_asset(asset: Asset, request: Request) -> Response:
    _ensure_sandbox()
    answer = await _files.get_response(asset, request.scope)
    answer.headers["cache-control"] = CACHE_CONTROL
    return answer


def _ensure_sandbox() -> None:
    if not get_settings().is_sandbox:
        raise NotFound("the documentation pages are served in the sandbox only")
