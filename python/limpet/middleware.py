"""Counts requests by who answers them, so that `limpet report` tells what stays of each: docs/frameworks.md.

    app.add_middleware(limpet.middleware.ASGIMiddleware)               # Starlette, FastAPI
    application = limpet.middleware.ASGIMiddleware(application)        # any ASGI application
    app.wsgi_app = limpet.middleware.WSGIMiddleware(app.wsgi_app)      # Flask
    application = limpet.middleware.WSGIMiddleware(application)        # any WSGI application
    MIDDLEWARE = ["limpet.middleware.DjangoMiddleware", ...]           # Django, first in its settings

Where no recording is under way, requests pass through and nothing else happens. Where one is, a request costs some microseconds more. What
the application raises, streams or sends is passed on as it is; websockets and lifespan events are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from . import _requests

__all__ = ["ASGIMiddleware", "DjangoMiddleware", "WSGIMiddleware"]

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Parts of a path that name one thing of many: numbers, hex digits and UUIDs, and what is too long or too odd for a word.
_ONE_OF_MANY = re.compile(r"\d+|(?=[a-z-]*\d)[0-9a-f-]{8,}|.{33,}|.*[^\w.~-].*", re.IGNORECASE | re.ASCII)
_MOST_SEGMENTS = 12

_NAMED_GROUP = re.compile(r"\(\?P(<\w+>)[^()]*\)")


def fold_path(path: str) -> str:
    """A path without what differs from request to request: "/users/17/files" -> "/users/{}/files"."""
    segments = path.split("/", _MOST_SEGMENTS + 1)
    if len(segments) > _MOST_SEGMENTS + 1:
        segments[-1] = "..."
    return "/".join("{}" if _ONE_OF_MANY.fullmatch(segment) else segment for segment in segments)


def _unfilled(path: str, parameters: MutableMapping[str, Any]) -> str:
    """The template of a path, by the values that were found in it; they come in the path's order."""
    done, rest = "", path
    for name, value in parameters.items():
        before, found, after = rest.partition(f"/{value}")
        if not found or after[:1] not in ("", "/"):
            return fold_path(path)
        done, rest = f"{done}{before}/{{{name}}}", after
    return done + rest


def _asgi_name(scope: _Scope) -> str:
    template = getattr(scope.get("route"), "path", None)
    if isinstance(template, str):  # FastAPI; what is mounted has its prefix in root_path
        template = scope.get("root_path", "").removeprefix(scope.get("app_root_path", "")) + template
    else:
        template = _unfilled(scope.get("path", ""), scope.get("path_params") or {})
    return f"{scope.get('method', '')} {template}"


class _Counter:
    """What both kinds share: whether the framework below tells which function answers. Until that is known, requests belong to no path."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._tells: bool | None = None

    def _begin(self, table: _requests.Table, method: str, path: str) -> _requests.Row:
        table.begin()
        return table.of_path(f"{method} {fold_path(path)}") if self._tells is False else table.rest

    def _end(self, table: _requests.Table, row: _requests.Row, answered: _requests.Row | None) -> None:
        if answered is not None:
            self._tells = True
        elif self._tells is None:
            self._tells = False
        table.end(answered if answered is not None or row is table.rest else row)


class ASGIMiddleware(_Counter):
    """`ASGIMiddleware(app)` is an ASGI application that counts and calls `app`."""

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        table = _requests.table() if scope["type"] == "http" else None
        if table is None:
            await self.app(scope, receive, send)
            return
        row = self._begin(table, scope.get("method", ""), scope.get("path", ""))
        try:
            await row.through_async(self.app, scope, receive, send)
        finally:
            self._end(table, row, _asgi_row(table, scope))


def _asgi_row(table: _requests.Table, scope: _Scope) -> _requests.Row | None:
    endpoint = scope.get("endpoint")
    code = _requests.function_code(endpoint, scope.get("method", "")) if endpoint is not None else None
    return table.answered(code, lambda: _asgi_name(scope))


class WSGIMiddleware(_Counter):
    """`WSGIMiddleware(app)` is a WSGI application that counts and calls `app`; what it returns is what `app` returned. A request counts when `app`
    has returned, though the server may still be sending what it made."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        table = _requests.table()
        answer: Iterable[bytes]
        if table is None:
            answer = self.app(environ, start_response)
            return answer
        row = self._begin(table, environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", ""))
        request = None

        def start(*arguments: Any, **named: Any) -> Any:
            nonlocal request
            request = environ.get("werkzeug.request")  # flask takes it out before it returns
            return start_response(*arguments, **named)

        try:
            answer = row.through(self.app, environ, start)
            return answer
        finally:
            self._end(table, row, self._flask_row(table, environ, request) if request is not None else None)

    def _flask_row(self, table: _requests.Table, environ: dict[str, Any], request: Any) -> _requests.Row | None:
        endpoint = getattr(request, "endpoint", None)
        view = _view_functions(self.app).get(endpoint) if endpoint is not None else None
        code = _requests.function_code(view, environ.get("REQUEST_METHOD", "")) if view is not None else None

        def name() -> str:
            rule = getattr(getattr(request, "url_rule", None), "rule", "")
            return f"{environ.get('REQUEST_METHOD', '')} {environ.get('SCRIPT_NAME', '')}{rule}"

        return table.answered(code, name)


def _view_functions(app: Any) -> dict[str, Any]:
    """Flask's, of the application that is inside of what middleware there is."""
    for _ in range(8):
        views = getattr(app, "view_functions", None)
        if isinstance(views, dict):
            return views
        for name in ("__self__", "wsgi_app", "app", "application"):
            inner = getattr(app, name, None)
            if inner is not None:
                app = inner
                break
        else:
            return {}
    return {}


class DjangoMiddleware(_Counter):
    """For Django's setting MIDDLEWARE: with it the views are told from each other, which around Django's application nobody can see. Serves WSGI and
    ASGI; first in the list it counts what the others do, too."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction  # type: ignore[import-not-found,import-untyped,unused-ignore]

        super().__init__(get_response)
        self._tells = True
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        table = _requests.table()
        if table is None:
            return self.app(request)
        if self._async:
            return self._answer(table, request)
        row = self._begin(table, "", "")
        try:
            return row.through(self.app, request)
        finally:
            self._end(table, row, _django_row(table, request))

    async def _answer(self, table: _requests.Table, request: Any) -> Any:
        row = self._begin(table, "", "")
        try:
            return await row.through_async(self.app, request)
        finally:
            self._end(table, row, _django_row(table, request))


def _django_row(table: _requests.Table, request: Any) -> _requests.Row | None:
    match = getattr(request, "resolver_match", None)  # None where no route fits
    code = _requests.function_code(match.func, request.method or "") if match is not None else None

    def name() -> str:
        prefix = request.path.removesuffix(request.path_info)
        route = getattr(match, "route", None)
        return f"{request.method} {prefix}{_readable(route) if route is not None else fold_path(request.path_info)}"

    return table.answered(code, name)


def _readable(route: str) -> str:
    """Django's route of a view: those of re_path() are expressions. "^files/(?P<name>[a-z]+)/$" -> "/files/<name>/"."""
    return "/" + _NAMED_GROUP.sub(r"\1", route).replace("^", "").removesuffix("$")
