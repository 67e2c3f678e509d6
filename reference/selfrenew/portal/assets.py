# SPDX-License-Identifier: Apache-2.0
"""The page's style sheets and scripts, under an address that changes with them.

So a browser may keep them for good. They are held in memory, compressed once.

The scripts and the portal's own style sheet lie in `static`; `built` holds what the build brings
in from npm.
"""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from .errors import AssetsMissingError

STATIC = Path(__file__).parent / "static"
BUILT = Path(__file__).parent / "built"
BUILT_STYLE = "nhsuk.css"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
INLINE = "loading.js"
"""The script that stands in the pages that have others, to see to it that they arrive."""
_DIGEST_CHARACTERS = 16
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in both forms in which it is sent."""

    content_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """The files of one version of the page."""

    def __init__(self, files: dict[str, Asset]) -> None:
        self._files = files
        digest = hashlib.sha256()
        for name, asset in sorted(files.items()):
            digest.update(f"{name}\0{len(asset.plain)}\0".encode() + asset.plain)
        # One folder for all of them, so that scripts find each other by relative names.
        self.folder = f"/static/{digest.hexdigest()[:_DIGEST_CHARACTERS]}/"

    def names(self, suffix: str) -> list[str]:
        """Name the files of a kind."""
        return sorted(name for name in self._files if name.endswith(suffix))

    @property
    def inline(self) -> str:
        """The text of the script that stands in pages."""
        return self._files[INLINE].plain.decode()

    @property
    def inline_source(self) -> str:
        """What names that script, and no other, in a policy (CSP Level 3, 2.3.1)."""
        digest = hashlib.sha256(self._files[INLINE].plain).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    def address(self, name: str) -> str:
        """Give a file's address. Raise KeyError for one that is not there."""
        if name not in self._files:
            raise KeyError(name)
        return self.folder + name

    async def answer(self, request: Request) -> Response:
        """Answer a request for the file that its path names."""
        asset = self._files.get(request.path_params["name"])
        if asset is None or not request.url.path.startswith(self.folder):
            return Response(status_code=404)
        headers, body = dict(_HEADERS), asset.plain
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"], body = "gzip", asset.compressed
        return Response(body, headers=headers, media_type=asset.content_type)


def load_assets(built: Path = BUILT) -> Assets:
    """Read all files. Raise AssetsMissingError where the built ones are not there."""
    if not (built / BUILT_STYLE).is_file():
        raise AssetsMissingError(built)
    files = {}
    for path in (*STATIC.iterdir(), built / BUILT_STYLE):
        if path.suffix in _TYPES:
            plain = path.read_bytes()
            files[path.name] = Asset(_TYPES[path.suffix], plain, gzip.compress(plain, 9, mtime=0))
    return Assets(files)
