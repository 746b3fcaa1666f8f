"""The adapters as an operator would set them up, pointed at a fake vendor."""

from __future__ import annotations

from wesend.adapters.money import types as money
from wesend.adapters.sms import types as sms

CALLBACK = "https://gw.example.com/callbacks/sms/g/t0ken"
PATIENT = 20.0  # seconds; never reached by a call that is to succeed

GIVEN = {
    "africastalking": ({"username": "acme"}, {"api_key": "at-key"}),
    "marzsms": ({}, {"api_key": "mk", "api_secret": "ms"}),
    "twilio": ({"account_sid": "AC123", "from": "+15005550006"}, {"auth_token": "tw-token"}),
    "android": ({}, {"username": "phone", "password": "pw", "webhook_key": "wk"}),
    "advanta": ({"partner_id": "77"}, {"api_key": "k"}),
    "beem": ({}, {"api_key": "k", "secret_key": "s"}),
    "dmark": ({}, {"token": "t"}),
    "egosms": ({}, {"username": "u", "password": "p"}),
    "hubtel": ({}, {"client_id": "i", "client_secret": "s"}),
    "infobip": ({}, {"api_key": "k"}),
    "mtn": ({"service_code": "11221"}, {"client_id": "i", "client_secret": "s"}),
    "nextsms": ({}, {"username": "u", "password": "p"}),
    "onfon": ({}, {"access_key": "a", "api_key": "k", "client_id": "i"}),
    "pindo": ({}, {"token": "t"}),
    "smsleopard": ({}, {"api_key": "k", "api_secret": "s"}),
    "termii": ({}, {"api_key": "k", "secret_key": "s"}),
    "vonage": ({}, {"api_key": "k", "api_secret": "s"}),
    "yo-sms": ({"ybsacctno": "100"}, {"password": "p"}),
    "http": ({"body": '{"to": "{to}", "text": "{text}"}'}, {}),
    "mpesa": ({"shortcode": "174379"}, {"consumer_key": "ck", "consumer_secret": "cs", "passkey": "pk"}),
    "momo": ({"target_environment": "mtnuganda", "api_user": "user-uuid"}, {"subscription_key": "sub", "api_key": "key"}),
    "airtel": ({"country": "UG"}, {"client_id": "ci", "client_secret": "cs"}),
    "yo-payments": ({}, {"username": "u", "password": "p"}),
    "selcom": ({"vendor": "TILL1", "email": "pay@example.com"}, {"api_key": "ak", "api_secret": "as"}),
    "marzpay": ({}, {"api_key": "mk", "api_secret": "ms"}),
}
SENDS_TO = {
    "africastalking": "/version1/messaging",
    "marzsms": "/api/v1/sms/send",
    "http": "/send",
    "twilio": "/2010-04-01/Accounts/AC123/Messages.json",
    "android": "/3rdparty/v1/messages",
    "advanta": "/api/services/sendbulk/",
    "beem": "/v1/send",
    "dmark": "/sms/",
    "egosms": "/api/v1/json/",
    "hubtel": "/v1/messages/batch/simple/send",
    "infobip": "/sms/3/messages",
    "mtn": "/v3/sms/messages/sms/outbound",
    "nextsms": "/api/sms/v1/text/multi",
    "onfon": "/v1/sms/SendBulkSMS",
    "pindo": "/v1/sms/",
    "smsleopard": "/v1/sms/send",
    "termii": "/api/sms/send",
    "vonage": "/sms/json",
    "yo-sms": "/sendsms",
}
SENDS_BY = {"yo-sms": "GET"}
"""Where it is not POST."""
TOKENS = {"mtn": "/v1/oauth/access_token"}
"""Where a token is fetched first, by POST."""
TYPES = {**sms.TYPES, **money.TYPES}


def make(kind: str, url: str, /, *, timeout: float = PATIENT, callback_url: str = CALLBACK, secrets: dict | None = None, **options):
    """The adapter; ``options`` and ``secrets`` beside the ones it needs."""
    usual, usual_secrets = GIVEN[kind]
    address = {"url": url + "/send"} if kind == "http" else {"base_url": url}
    return TYPES[kind](
        "g", {**address, **usual, **options}, {**usual_secrets, **(secrets or {})}, timeout=timeout, callback_url=callback_url
    )
