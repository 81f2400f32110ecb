"""Error responses as RFC 9457 defines them: `application/problem+json`.

Belongs here: the form of every error, and converting errors of libraries. A response names what the client sent, and
never a path of the machine, a stack trace or a library's message; those go to the server's log only.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from indicators.errors import PortableError
from pipelines.errors import NyckeltalError

MEDIA_TYPE = "application/problem+json"
_LONGEST = 300  # characters of the client's input that are repeated in a message


class ApiError(PortableError):
    """An error that is sent to the client.

    Args:
        status: HTTP status. kind: its short name; the API's page explains each. what, expected, found, remedy: as in
        every error of this project.
    """

    def __init__(
        self, status: int, kind: str, what: str, *, expected: str = "", found: object = "", remedy: str = ""
    ) -> None:
        super().__init__(what)
        self.status, self.kind, self.what = status, kind, what
        self.expected, self.found, self.remedy = expected, str(found)[:_LONGEST], remedy
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """The error as a response."""
        told = {"expected": self.expected, "found": self.found, "remedy": self.remedy}
        told = {name: text for name, text in told.items() if text}
        words = {"expected": "expected", "found": "found", "remedy": "what to do"}
        body = {
            "type": f"/api/#{self.kind}",
            "title": self.what,
            "status": self.status,
            "detail": "; ".join([self.what, *(f"{words[name]}: {text}" for name, text in told.items())]),
            "what": self.what,
            **told,
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        text = json.dumps(body, ensure_ascii=False) + "\n"
        return Response(text, self.status, headers, media_type=MEDIA_TYPE)


# Every kind, in Swedish, for the API's page.
KINDS = {
    "okand-parameter": "En parameter som inte finns för frågan. Svaret säger vilka som finns.",
    "fel-varde": "Ett värde som inte kan läsas, eller en kod som inte finns i utgåvan.",
    "upprepad-parameter": "En parameter som bara får anges en gång står flera gånger.",
    "fel-markor": "En markör (cursor) som inte går att läsa eller hör till en annan fråga.",
    "annan-utgava": "Markören hör till en annan utgåva än den som nu gäller. Börja om från första sidan.",
    "for-mycket": "Svaret är längre än en sida, i ett format som inte kan säga det. Begränsa frågan eller ange limit.",
    "format": "Formatet finns inte för frågan. Svaret säger vilka som finns.",
    "skadad-fil": "Filen är skadad på servern och lämnas inte ut.",
    "skadad-utgava": "Utgåvan är skadad på servern, och inget besvaras ur den.",
    "inget-arkiv": "Servern har utgåvor men inte arkivet som de gjordes ur, så den kan inte förklara värden.",
    "finns-inte": "Adressen eller det som efterfrågas finns inte.",
    "metod": "Adressen svarar inte på den metoden.",
    "sql": "SQL-frågan kan inte köras. Svaret säger varför.",
    "sql-avstangt": "SQL är inte påslaget: servern startas med --sql.",
    "frammande-varde": "Anropet kom med ett värdnamn eller från en sida som servern inte svarar.",
    "ingen-utgava": "Det finns ingen utgåva att svara från ännu.",
    "upptagen": "Servern hann inte svara i tid.",
    "internt": "Ett fel i servern. Det står i serverns logg.",
}  # fmt: skip


def near(found: str, known: Iterable[str]) -> str:
    """A remedy that suggests similar codes; empty when nothing is similar."""
    return meant(difflib.get_close_matches(found, list(known), n=3, cutoff=0.5))


def meant(codes: Sequence[str]) -> str:
    """A remedy that names the codes that were probably meant; empty when there are none."""
    return f"did you mean {', '.join(codes)}?" if codes else ""


def of_ours(error: NyckeltalError, status: int = 400, kind: str = "sql") -> ApiError:
    """An error of this project as a problem response, without where in the code it happened."""
    return ApiError(status, kind, error.what, expected=error.expected, found=error.found, remedy=error.remedy)


def damaged_release() -> ApiError:
    """The error for every request while the release that the pointer names is not what was written."""
    what, remedy = "the release is damaged, and nothing is answered from it", "the server's log says what to do"
    return ApiError(503, "skadad-utgava", what, remedy=remedy)


def _of_parameters(request: Request, error: RequestValidationError) -> ApiError:
    first: dict[str, Any] = next(iter(error.errors()))
    place, *inner = first["loc"]
    name = str(inner[0]) if inner else str(place)
    if first["type"] == "extra_forbidden":
        known = sorted(_parameters(request))
        return ApiError(
            400, "okand-parameter", "unknown parameter", expected=", ".join(known), found=name, remedy=near(name, known)
        )
    if first["type"] == "missing":
        return ApiError(400, "fel-varde", f"the parameter {name} is missing", expected=f"{name}=…", found="nothing")
    return ApiError(
        400, "fel-varde", f"the parameter {name} is wrong", expected=_expected(first), found=first.get("input", "")
    )


def _parameters(request: Request) -> set[str]:
    """The parameters of the requested address."""
    asked = request.scope["route"].dependant.query_params
    return {name for parameter in asked for name in parameter.field_info.annotation.model_fields}


def _expected(fault: dict[str, Any]) -> str:
    text = str(fault["msg"])
    return text.removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("String should ")


def install(app: FastAPI) -> None:
    """Register handlers, so that every error of the application becomes a problem response."""

    @app.exception_handler(ApiError)
    async def ours(_: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> Response:
        return _of_parameters(request, error).response()

    @app.exception_handler(HTTPException)
    async def protocol(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            problem = ApiError(405, "metod", "this address does not answer that method", found=request.method)
        else:
            problem = ApiError(error.status_code, "finns-inte", "there is nothing at this address")
        problem.headers = dict(error.headers or {})
        return problem.response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> Response:  # the server logs it
        return ApiError(500, "internt", "something went wrong in the server", remedy="its log says what").response()
