"""Every refusal as one sentence: `{"detail": "..."}`, whatever went wrong.

Bodies are read strictly as well (jsontext.py says what is no JSON here).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from agent.desk import Refused
from agent.doors.jsontext import JsonError, read_json
from agent.doors.web.keyfile import KeyFileError

SENTENCES = {
    404: "There is nothing at this address. The API is described at /api/openapi.json.",
    405: "This address does not know that method. The API is described at /api/openapi.json.",
}


SECRET = {"old", "new"}  # a password that is refused is not repeated


class BadJson(HTTPException):
    """The body is not JSON as we take it; `detail` is a sentence. (FastAPI lets only its own errors pass.)"""

    def __init__(self, text: str) -> None:
        super().__init__(400, text)


def strict_json(body: bytes) -> Any:
    """A JSON value. Raises BadJson for anything that could be read in two ways."""
    try:
        return read_json(body)
    except JsonError as error:
        raise BadJson(str(error)) from None


class StrictRequest(Request):
    """A request whose body is read strictly."""

    async def json(self) -> Any:
        """The body as JSON. Raises BadJson."""
        return strict_json(await self.body())


class StrictRoute(APIRoute):
    """A route that reads bodies strictly and refuses query parameters that it doesn't know."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind our two checks."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            known = self._query_names()
            names = [name for name, _ in request.query_params.multi_items()]
            for name in names:
                if name not in known:
                    those = ", ".join(sorted(known)) or "none"
                    raise Refused(422, f"There is no parameter {name!r} here; known: {those}.")
                if names.count(name) > 1:
                    raise Refused(422, f"The parameter {name!r} came twice: send it once.")
            return await inner(StrictRequest(request.scope, request.receive))

        return handle

    def _query_names(self) -> set[str]:
        names: set[str] = set()
        for field in self.dependant.query_params:
            model = field.field_info.annotation
            fields = getattr(model, "model_fields", None)
            if fields is None:
                names.add(field.alias)
            else:
                names |= {info.alias or name for name, info in fields.items()}
        return names


def install(app: FastAPI) -> None:
    """Make every refusal of this app one sentence."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return sentence(error.status, error.sentence)

    @app.exception_handler(KeyFileError)
    async def without_keys(_: Request, error: KeyFileError) -> JSONResponse:
        return sentence(503, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return sentence(422, "; ".join(_problem(item) for item in error.errors()) + ".")

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        text = SENTENCES.get(error.status_code, str(error.detail))
        headers = {"Allow": _methods(app, request)} if error.status_code == 405 else error.headers
        return sentence(error.status_code, text, headers)

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return sentence(500, "Something in sunward itself went wrong; its log says what.")


def _methods(app: FastAPI, request: Request) -> str:
    """All methods that an address knows; the framework would name only those of one route."""
    paths = app.openapi()["paths"]
    for path, methods in paths.items():
        pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, request.url.path):
            return ", ".join(sorted(method.upper() for method in methods))
    return "GET"


def sentence(status: int, text: str, headers: Any = None) -> JSONResponse:
    """A refusal as JSON."""
    return JSONResponse({"detail": text}, status, headers)


SAYINGS = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "list_type": "must be a list",
    "string_type": "must be text",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "timezone_aware": "must end with its offset from UTC, like +02:00",
}


def _problem(item: dict[str, Any]) -> str:
    where, kind = _where(item["loc"]), item["type"]
    if kind in ("extra_forbidden", "missing"):
        return f"{where} {SAYINGS[kind]}"
    what = SAYINGS.get(kind) or str(item["msg"]).rstrip(".")
    if kind == "value_error":
        what = what.removeprefix("Value error, ")
    else:
        what = re.sub(r"^\w+ should ", "must ", what)
    return f"{where}{'' if what.startswith('must ') else ':'} {what}{_shown(item)}"


def _where(parts: Sequence[Any]) -> str:
    words = [str(part + 1) if isinstance(part, int) else str(part) for part in parts[1:]]
    return ".".join(words) or "the body"


def _shown(item: dict[str, Any]) -> str:
    value = item.get("input")
    if SECRET & set(item["loc"]):
        return ""
    if isinstance(value, bool | int | float | str) and len(str(value)) <= 40:
        return f", not {value!r}"
    return ""
