"""The release's pages and files over HTTP, the headers of every answer, and the command that serves them."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.settings import ROOT
from pipelines.storage import release_pointer
from pipelines.storage.files import files_below
from pipelines.storage.release_sums import SUMS, write_sums
from tests.support.command import LONGEST, NYCKELTAL, Place, nyckeltal
from tests.support.served import ServedApi

PAGES = {
    "index.html": "<!doctype html><title>Start</title>",
    "kommun/1480/index.html": "<!doctype html><title>Göteborg</title>",
    "assets/charts.js": "console.log(1)",
    "assets/site.css": "body{}",
    "andringar.atom": "<feed/>",
    "karta.svg": "<svg/>",
    "kostnad.csv.gz": "compressed already, so sent as it is",
    ".hemlig": "secret",
}


@pytest.fixture(scope="module")
def with_site(base: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A data folder whose release has pages."""
    place = base.copy(tmp_path_factory.mktemp("with_site") / "data")
    folder = release_pointer.current_folder(place.settings.releases_dir)
    for name, text in PAGES.items():
        target = folder / "site" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (place.settings.releases_dir / "outside.txt").write_text("secret", encoding="utf-8")
    (folder / "site" / "link.txt").symlink_to(place.settings.releases_dir / "outside.txt")
    (folder / SUMS).unlink()
    write_sums(folder, {})
    (folder / ".hidden").write_text("secret", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def api(with_site: Place) -> Iterator[ServedApi]:
    with ServedApi(with_site.settings.releases_dir) as served:
        yield served


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/index.html", "index.html", "text/html; charset=utf-8"),
        ("/kommun/1480/", "kommun/1480/index.html", "text/html; charset=utf-8"),
        ("/assets/charts.js", "assets/charts.js", "text/javascript; charset=utf-8"),
        ("/assets/site.css", "assets/site.css", "text/css; charset=utf-8"),
        ("/andringar.atom", "andringar.atom", "application/atom+xml"),
        ("/karta.svg", "karta.svg", "image/svg+xml"),
        ("/kostnad.csv.gz", "kostnad.csv.gz", "application/gzip"),
    ],
)
def test_pages_come_with_their_types(path: str, name: str, kind: str, api: ServedApi) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.text == PAGES[name]
    assert "content-encoding" not in answer.headers
    again = api.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    told = api.http.head(path)
    assert (told.status_code, told.content, told.headers["content-length"]) == (200, b"", str(len(answer.content)))


def test_a_folder_leads_to_its_page(api: ServedApi) -> None:
    answer = api.http.get("/kommun/1480")
    assert (answer.status_code, answer.headers["location"]) == (308, "/kommun/1480/")


ASTRAY = [
    "/../release.json",
    "/../../outside.txt",
    "/%2e%2e/release.json",
    "/..%2frelease.json",
    "/assets/../../release.json",
    "/assets/%2e%2e%2f%2e%2e%2frelease.json",
    "/%2fetc%2fpasswd",
    "//etc/passwd",
    "/..%5c..%5coutside.txt",
    "/link.txt",
    "/.hemlig",
    "/%00",
    "/index.html/",
    "/index.html/x",
    "/" + "a" * 300,
    "/nowhere",
    "/kommun/",
    "/utgava/../../outside.txt",
    "/utgava/%2e%2e/outside.txt",
    "/utgava/..%2foutside.txt",
    "/utgava/.hidden",
    "/utgava/site/index.html",
    "/utgava//etc/passwd",
    "/utgava/parquet/../../outside.txt",
    "/utgava/nowhere.csv",
    "/utgava/parquet/",
]


@pytest.mark.parametrize("path", ASTRAY)
def test_no_address_leads_astray(path: str, api: ServedApi) -> None:
    con = http.client.HTTPConnection("127.0.0.1", api.port)  # which sends the path as it is
    con.request("GET", path)
    answer = con.getresponse()
    body = answer.read().decode()
    con.close()
    assert answer.status == 404, body
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert "secret" not in body.replace("/.hemlig", "")
    assert str(api.releases_dir) not in body


@pytest.mark.parametrize(
    "path", ["/nowhere", "/omrade/9999.html", "/utgava/nowhere.zip", "/utgava/site/x", "/api/nowhere"]
)
def test_a_person_gets_a_page_when_there_is_none(path: str, api: ServedApi) -> None:
    answer = api.http.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert "Sidan finns inte" in answer.text
    assert '<a href="/">' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for accept in ("*/*", "application/json, text/html;q=0.5"):
        told = api.http.get(path, headers={"Accept": accept})
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")


def test_the_interface_answers_a_browser_as_it_answers_programs(api: ServedApi) -> None:
    answer = api.http.get("/api/v1/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_every_file_of_the_release_is_listed_and_is_what_it_is_on_disk(api: ServedApi, with_site: Place) -> None:
    folder = release_pointer.current_folder(with_site.settings.releases_dir)
    page = api.get("/utgava/").text
    assert "hidden" not in page
    assert "site/" not in page
    names = ["nyckeltal.duckdb", "release.json", "parquet/area.parquet"]
    for name in names:
        assert f'href="/utgava/{name}"' in page
        answer = api.get(f"/utgava/{name}")
        assert answer.content == (folder / name).read_bytes()
        assert answer.headers["content-length"] == str((folder / name).stat().st_size)
    assert api.get("/utgava/parquet/area.parquet").headers["content-type"] == "application/vnd.apache.parquet"


def test_a_whole_release_is_fetched_by_the_script_of_the_documentation(
    api: ServedApi, with_site: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", (ROOT / "docs" / "package.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code.replace("http://127.0.0.1:8000", api.address), {})  # noqa: S102 - the document's own example
    folder = release_pointer.current_folder(with_site.settings.releases_dir)
    fetched = {p.relative_to(tmp_path / "nyckeltal").as_posix(): p for p in files_below(tmp_path / "nyckeltal")}
    listed = {p.relative_to(folder).as_posix() for p in files_below(folder) if p.is_file()}
    assert set(fetched) == {n for n in listed if not n.startswith("site/") and n != ".hidden"}
    assert all(copy.read_bytes() == (folder / name).read_bytes() for name, copy in fetched.items())


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=-8", 206, slice(-8, None)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("lines=0-3", 200, slice(None)),
        ("bytes=999999999-", 416, None),
        ("bytes=9-3", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_parts_of_files_can_be_asked_for(
    asked: str, status: int, part: slice | None, api: ServedApi, with_site: Place
) -> None:
    whole = (release_pointer.current_folder(with_site.settings.releases_dir) / "parquet" / "area.parquet").read_bytes()
    answer = api.told(api.http.get("/utgava/parquet/area.parquet", headers={"Range": asked}))
    assert answer.status_code == status
    if part is not None:
        assert answer.content == whole[part]
    if status == 206:
        first, last, _ = part.indices(len(whole)) if part else (0, 0, 0)
        assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"
    stale = api.http.get("/utgava/parquet/area.parquet", headers={"Range": asked, "If-Range": '"old"'})
    assert (stale.status_code, stale.content) == (200, whole)


def test_a_release_without_pages_says_so(base: Place) -> None:
    with ServedApi(base.settings.releases_dir) as bare:
        answer = bare.get("/")
        assert answer.status_code == 200
        assert 'lang="sv"' in answer.text
        assert "inga sidor" in answer.text
        assert bare.get("/index.html").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/", "/utgava/", "/utgava/release.json", "/api/v1/release", "/api/v1/none"])
def test_every_answer_has_the_headers_of_security(path: str, api: ServedApi) -> None:
    headers = api.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    assert not [name for name in headers if name.startswith("access-control")]
    is_data = path in {"/utgava/release.json", "/api/v1/release", "/api/v1/none"}
    assert headers["content-security-policy"].startswith("default-src 'none'" if is_data else "default-src 'self'")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("example.org", 421),
        ("127.0.0.1.example.org", 421),
        ("localhost.example.org", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_only_this_machine_s_own_names_are_answered(host: str, status: int, api: ServedApi) -> None:
    for path in ("/", "/api/v1/release", "/utgava/release.json"):
        assert api.told(api.http.get(path, headers={"Host": host})).status_code == status


def test_any_name_is_answered_where_others_may_connect(base: Place) -> None:
    with ServedApi(base.settings.releases_dir, hosts=None) as open_to_all:
        assert open_to_all.http.get("/api/v1/release", headers={"Host": "example.org"}).status_code == 200


def test_other_sites_read_answers_only_where_they_are_named(base: Place) -> None:
    ours, other = "https://dashboard.example", "https://other.example"
    with ServedApi(base.settings.releases_dir, origins=[ours]) as shared:
        allowed = shared.http.get("/api/v1/release", headers={"Origin": ours})
        assert allowed.headers["access-control-allow-origin"] == ours
        assert "ETag" in allowed.headers["access-control-expose-headers"]
        assert (
            "access-control-allow-origin" not in shared.http.get("/api/v1/release", headers={"Origin": other}).headers
        )
        asked = {"Origin": ours, "Access-Control-Request-Method": "POST"}
        assert shared.http.options("/api/v1/sql", headers=asked).status_code == 400


def test_the_command_serves_says_where_and_ends_when_it_is_told_to(base: Place) -> None:
    command = [NYCKELTAL, "serve", "--port", "0", "--data-dir", base.data_dir, "--sql"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Serving http://127.0.0.1:")
            host = line.split()[1].removeprefix("http://")
            con = http.client.HTTPConnection(host)
            con.request("GET", "/api/v1/release")
            answer = con.getresponse()
            assert (answer.status, answer.getheader("Nyckeltal-Release")) == (200, base.current())
            answer.read()
            con.request("POST", "/api/v1/sql", body="select 1 as one")
            assert b'{"one":1}' in con.getresponse().read()
            con.close()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=LONGEST)
        finally:
            process.kill()
    assert process.returncode == 0
    assert told == ""


def test_the_command_refuses_with_words(base: Place, tmp_path: Path) -> None:
    nothing = nyckeltal("serve", "--data-dir", tmp_path)
    assert nothing.code == 4
    assert "no release yet" in nothing.text
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = nyckeltal("serve", "--port", port, "--data-dir", base.data_dir)
    assert done.code == 2
    assert "cannot listen" in done.text
    assert os.strerror(98) in done.text
    elsewhere = nyckeltal("serve", "--host", "no.such.host.invalid", "--data-dir", base.data_dir)
    assert elsewhere.code == 2
