"""A Django project of one file, with the view that docs/testing.md's snippet posts an order to."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from shop import send

SECRET_KEY = "of a test"
ROOT_URLCONF = "orders"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True


def order(request: HttpRequest) -> HttpResponse:
    sms = dict(settings.SMS)
    send(sms.pop("url"), sms.pop("headers"), request.POST["phone"], "Your order is confirmed", **sms)
    return HttpResponse(status=201)


urlpatterns = [path("orders", order)]
