"""Static files of the release: its pages at `/`, and its files at `/utgava/`.

Belongs here: resolving an address to a file safely, and sending it. A file is opened while its release is the current
one, and stays readable whatever happens to the folder. Does not belong here: the content of the pages (`site`).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from pipelines.api import formats, guard, pages
from pipelines.api.answers import CACHE_CONTROL, pieces, unchanged
from pipelines.api.current_release import CurrentRelease
from pipelines.api.problems import ApiError
from pipelines.storage.files import files_below
from pipelines.storage.release_sums import SUMS, check_listed
from pipelines.storage.sealing import DamagedError

_LOG = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
SITE = "site"
_TYPES = {
    ".atom": "application/atom+xml", ".css": "text/css; charset=utf-8", ".csv": "text/csv; charset=utf-8",
    ".duckdb": "application/vnd.duckdb", ".gz": "application/gzip", ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".jsonld": "application/ld+json",
    ".md": "text/markdown; charset=utf-8", ".parquet": "application/vnd.apache.parquet", ".png": "image/png",
    ".svg": "image/svg+xml", ".ttl": "text/turtle; charset=utf-8", ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp", ".woff2": "font/woff2", ".xml": "application/xml", ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


@router.api_route("/utgava/{path:path}", methods=["GET", "HEAD"])
async def release_file(request: Request, path: str) -> Response:
    """A file of the release, or the listing of all."""
    if path:
        if path.split("/", maxsplit=1)[0] == SITE:
            return _not_there(request, ApiError(404, "finns-inte", "the pages are at /", found=path))
        try:
            return await _send(request, "", path)
        except ApiError as problem:
            return _not_there(request, problem)
    serving: CurrentRelease = request.app.state.serving
    async with serving.hold() as served:
        found = await to_thread.run_sync(_listed, served.folder)
        return pages.html("utgava.html", release=served.info, files=found)


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def site_file(request: Request, path: str) -> Response:
    """A page of the site; in a release without one, a page that says so."""
    if path.startswith("api/"):
        problem = ApiError(404, "finns-inte", "there is nothing at this address", remedy="/api/ tells what there is")
        return _not_there(request, problem)
    serving: CurrentRelease = request.app.state.serving
    async with serving.hold() as served:
        if not path and not (served.folder / SITE).is_dir():
            return pages.html("utan_sidor.html", release=served.info)
    try:
        return await _send(request, SITE, path)
    except ApiError as problem:
        return _not_there(request, problem)


def _not_there(request: Request, problem: ApiError) -> Response:
    """A 404 page for a person; the problem response for a program or an address of the API."""
    is_data = request.url.path.startswith(guard.PREFIX)
    if is_data or problem.kind != "finns-inte" or not formats.wants_page(request.headers.get("accept", "")):
        raise problem
    answer = pages.html("finns_inte.html", status=404)
    answer.headers["Content-Security-Policy"] = guard.PAGES  # also for addresses of files
    return answer


async def _send(request: Request, below: str, path: str) -> Response:
    serving: CurrentRelease = request.app.state.serving
    tried = ""
    while True:
        async with serving.hold() as served:
            tag = f'"{hashlib.sha256(f"{served.release_id}/{below}/{path}".encode()).hexdigest()[:32]}"'
            headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL, "Nyckeltal-Release": served.release_id}
            try:
                name, file = await to_thread.run_sync(_opened, served.folder, below, path)
            except IsADirectoryError:
                return RedirectResponse(f"{quote(request.url.path)}/", status_code=308, headers=headers)
            except DamagedError as error:
                _LOG.error("a file of the release is damaged and is not served: %s", error)
                raise ApiError(503, "skadad-fil", "the file is damaged and is not served", found=path) from error
            except (FileNotFoundError, NotADirectoryError) as error:
                if serving.is_current(served) or served.release_id == tried:
                    raise ApiError(404, "finns-inte", "there is no such file", found=path) from error
                tried = served.release_id
                continue  # the release was just pruned: the new one has its own file
        return _response(request, file, _TYPES.get(Path(name).suffix.lower(), "application/octet-stream"), headers)


def _opened(release: Path, below: str, path: str) -> tuple[str, BinaryIO]:
    """The file of an address, opened, with its name.

    Raises:
        FileNotFoundError: there is none, or the address leads outside the folder. IsADirectoryError: it is a folder.
        DamagedError: it is not as it was written.
    """
    folder = release / below
    parts = [*path.split("/")[:-1], path.rpartition("/")[2] or "index.html"]
    if any(not part or part.startswith(".") or len(part) > 200 or set(part) & {"\\", "\0"} for part in parts):
        raise FileNotFoundError(path)
    target = folder.joinpath(*parts).resolve(strict=True)
    if not target.is_relative_to(folder.resolve()):
        raise FileNotFoundError(path)
    file = target.open("rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FileNotFoundError(path)
    if target.name != SUMS:
        try:
            check_listed(release.resolve(), target.relative_to(release.resolve()).as_posix())
        except DamagedError:
            file.close()
            raise
    return target.name, file


def _response(request: Request, file: BinaryIO, media_type: str, headers: dict[str, str]) -> Response:
    """The file, or the requested range of it; closed when its content is not wanted."""
    size = os.fstat(file.fileno()).st_size
    if unchanged(request, headers["ETag"]):
        file.close()
        return Response(status_code=304, headers=headers)
    first, last, status = _range(request, headers["ETag"], size)
    headers |= {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(pieces(file, first, last - first + 1), status, headers, media_type=media_type)


def _range(request: Request, tag: str, size: int) -> tuple[int, int, int]:
    """First and last byte, and the status. A request for several ranges gets the whole file (RFC 9110, 14.2)."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", "").replace(" ", ""))
    if not found or found.groups() == ("", "") or request.headers.get("if-range", tag) != tag:
        return 0, size - 1, 200
    begin, end = found.groups()
    first = int(begin) if begin else max(0, size - int(end))
    last = min(int(end), size - 1) if begin and end else size - 1
    if first > last:
        problem = ApiError(
            416, "fel-varde", "the file has no such part", expected=f"within {size} bytes", found=found[0]
        )
        problem.headers = {"Content-Range": f"bytes */{size}"}
        raise problem
    return first, last, 206


def _listed(folder: Path) -> list[tuple[str, int]]:
    """Every file of the release except the pages, by its path below the folder, with its size."""
    found = []
    for path in sorted(files_below(folder)):
        parts = path.relative_to(folder).parts
        if parts[0] != SITE and not any(part.startswith(".") for part in parts) and path.is_file():
            found.append(("/".join(parts), path.stat().st_size))
    return found
