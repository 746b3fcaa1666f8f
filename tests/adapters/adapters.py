"""The adapters as an operator would set them up, pointed at a fake vendor."""

from __future__ import annotations

from wesend.adapters import money, sms

CALLBACK = "https://gw.example.com/callbacks/sms/g/t0ken"
PATIENT = 20.0  # seconds; never reached by a call that is to succeed

GIVEN = {
    "africastalking": ({"username": "acme"}, {"api_key": "at-key"}),
    "marzsms": ({}, {"api_key": "mk", "api_secret": "ms"}),
    "twilio": ({"account_sid": "AC123", "from": "+15005550006"}, {"auth_token": "tw-token"}),
    "android": ({}, {"username": "phone", "password": "pw", "webhook_key": "wk"}),
    "http": ({"body": '{"to": "{to}", "text": "{text}"}'}, {}),
    "mpesa": ({"shortcode": "174379"}, {"consumer_key": "ck", "consumer_secret": "cs", "passkey": "pk"}),
    "momo": ({"target_environment": "mtnuganda", "api_user": "user-uuid"}, {"subscription_key": "sub", "api_key": "key"}),
    "marzpay": ({}, {"api_key": "mk", "api_secret": "ms"}),
}
SENDS_TO = {
    "africastalking": "/version1/messaging",
    "marzsms": "/api/v1/sms/send",
    "http": "/send",
    "twilio": "/2010-04-01/Accounts/AC123/Messages.json",
    "android": "/3rdparty/v1/messages",
}
TYPES = {**sms.TYPES, **money.TYPES}


def make(kind: str, url: str, /, *, timeout: float = PATIENT, callback_url: str = CALLBACK, secrets: dict | None = None, **options):
    """The adapter; ``options`` and ``secrets`` beside the ones it needs."""
    usual, usual_secrets = GIVEN[kind]
    address = {"url": url + "/send"} if kind == "http" else {"base_url": url}
    return TYPES[kind](
        "g", {**address, **usual, **options}, {**usual_secrets, **(secrets or {})}, timeout=timeout, callback_url=callback_url
    )
