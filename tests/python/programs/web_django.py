"""A Django project: views of all kinds, called from several threads at once and in one event loop. Argument: the recording to make."""

import asyncio
import concurrent.futures
import io
import logging
import sys

import django
import limpet
import limpet.middleware
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    LOGGING_CONFIG=None,
    MIDDLEWARE=["limpet.middleware.DjangoMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"], "UNAUTHENTICATED_USER": None},
)
import rest_framework.response  # noqa: E402 (it reads the settings)
import rest_framework.viewsets  # noqa: E402

KEPT = []


@never_cache
def keeps(request, user):
    KEPT.append(bytearray(3000))
    return HttpResponse("kept")


def clean(request, name):
    work = [bytes(4000) for _ in range(4)]
    return HttpResponse(f"clean {len(work)}")


def streams(request):
    def parts():
        for number in range(3):
            KEPT.append(bytearray(200))
            yield f"{number} "

    return StreamingHttpResponse(parts())


@method_decorator(never_cache, name="dispatch")
class Account(View):
    def get(self, request):
        return HttpResponse("account")

    def post(self, request):
        KEPT.append(bytearray(700))
        return HttpResponse("posted")


class Orders(rest_framework.viewsets.ViewSet):
    authentication_classes = permission_classes = ()

    def list(self, request):
        KEPT.append(bytearray(900))
        return rest_framework.response.Response([1, 2])


def fails(request):
    raise KeyError("as it is")


async def waits(request, number):
    work = bytearray(1500)
    await asyncio.sleep(0.001)
    KEPT.append(work)
    return HttpResponse("waited")


shop = [
    path("clean/<str:name>", clean),
    re_path(r"^files/(?P<name>[a-z]+)/$", clean),
    path("account", Account.as_view()),
    path("orders", Orders.as_view({"get": "list"})),
]
urlpatterns = [
    path("keeps/<int:user>", keeps),
    path("shop/", include(shop)),
    path("streams", streams),
    path("fails", fails),
    path("waits/<int:number>", waits),
]

django.setup()
logging.disable()
wsgi, asgi = WSGIHandler(), ASGIHandler()


def request(where, method="GET"):
    environ = {"PATH_INFO": where, "REQUEST_METHOD": method, "SCRIPT_NAME": "/site", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    environ |= {"wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http"}
    statuses = []
    answer = wsgi(environ, lambda status, headers, exc_info=None: statuses.append(status))
    try:
        return int(statuses[0][:3]), b"".join(answer)
    finally:
        answer.close()


def one_round(number):
    for k in range(3):
        assert request(f"/keeps/{number * 10 + k}") == (200, b"kept")
        assert request(f"/shop/clean/user-{number}-{k}") == (200, b"clean 4")
    assert request("/shop/files/abc/")[1] == b"clean 4" and request("/streams")[1] == b"0 1 2 "
    assert request("/shop/account", "POST")[1] == b"posted" and request("/shop/account", "HEAD")[0] == 200
    assert request("/shop/orders") == (200, b"[1,2]")
    assert request(f"/nowhere/{number}")[0] == 404 and request("/fails")[0] == 500


async def request_async(where):
    scope = {"type": "http", "method": "GET", "path": where, "query_string": b"", "headers": [], "http_version": "1.1", "server": ("localhost", 80)}
    sent = []

    async def send(message):
        sent.append(message)

    first = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive():
        return next(first, None) or await asyncio.Event().wait()  # the client stays

    await asgi(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def one_round_async(number):
    answers = await asyncio.gather(request_async(f"/waits/{number}"), request_async(f"/waits/{number + 1}"), request_async(f"/keeps/{number}"))
    assert answers == [(200, b"waited"), (200, b"waited"), (200, b"kept")], answers


async def all_async():
    for number in range(100):
        await one_round_async(number)


if __name__ == "__main__":
    request("/keeps/1")
    with limpet.record(sys.argv[1], snapshots="off"):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(one_round, range(100)))
        asyncio.run(all_async())
    print("ok")
