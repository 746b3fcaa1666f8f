"""Passkeys (WebAuthn): a key pair in a person's device or security key, whose public half is kept here.

Browsers offer them for a name only, over https or on localhost: not for an address like 127.0.0.1.
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

import webauthn
from flask import current_app
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ...core import clock
from ...core.errors import InvalidInput
from ...core.settings_values import is_loopback
from ...database import Tx, atomic, query
from ..roles import User
from . import factors

TITLE = "wesend"
USUAL_PORTS = {"http": 80, "https": 443}
LONGEST_NAME = 60
LONGEST_ANSWER = 20_000
OF_USER = "SELECT * FROM second_factors WHERE user_id = ? AND kind = 'passkey' AND confirmed_at IS NOT NULL"
NOT_TAKEN = "The browser's answer was not taken. Try it once more"


def are_possible() -> bool:
    """Whether browsers would make one for the address that this wesend has."""
    base = urlsplit(current_app.config["WESEND"].base_url)
    host = base.hostname or ""
    is_name = not host.replace(".", "").isdigit() and ":" not in host
    return is_name and (base.scheme == "https" or is_loopback(host) or host.endswith(".localhost"))


def _host() -> str:
    return urlsplit(current_app.config["WESEND"].base_url).hostname or ""


def _origin() -> str:
    """As browsers write it: in lower case, without a port that goes without saying."""
    base = urlsplit(current_app.config["WESEND"].base_url)
    is_usual = base.port in (None, USUAL_PORTS.get(base.scheme))
    return f"{base.scheme}://{_host()}" if is_usual else f"{base.scheme}://{_host()}:{base.port}"


def registration(user: User) -> tuple[str, str]:
    """What a browser needs to make one, as JSON, and the challenge in it, base64url."""
    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name=TITLE,
        user_id=f"wesend-user-{user.id}".encode(),
        user_name=user.email,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=_descriptors(user),
    )
    return options_to_json(options), bytes_to_base64url(options.challenge)


def add(user: User, name: str, answer: str, challenge: str) -> None:
    """Keep the passkey that the browser made. InvalidInput."""
    name = " ".join(name.split())[:LONGEST_NAME] or "Passkey"
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(),
            expected_origin=_origin(),
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(NOT_TAKEN) from error
    now, credential_id = clock.now_ms(), bytes_to_base64url(made.credential_id)
    with atomic() as tx:
        if tx.one("SELECT 1 FROM second_factors WHERE credential_id = ?", (credential_id,)):
            raise InvalidInput("This passkey is set up already")
        tx.insert(
            "second_factors",
            user_id=user.id,
            kind=factors.PASSKEY,
            name=name,
            credential_id=credential_id,
            public_key=base64.b64encode(made.credential_public_key).decode("ascii"),
            sign_count=made.sign_count,
            confirmed_at=now,
            created_at=now,
        )
        factors.added(tx, user, factors.PASSKEY, name)


def authentication(user: User) -> tuple[str, str]:
    """What a browser needs to prove one at sign-in, as JSON, and the challenge in it, base64url."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(), allow_credentials=_descriptors(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    return options_to_json(options), bytes_to_base64url(options.challenge)


def use(tx: Tx, user: User, answer: str, challenge: str) -> bool:
    """Whether one of the user's passkeys has signed the challenge."""
    for row in tx.all(OF_USER, (user.id,)):
        try:
            proved = webauthn.verify_authentication_response(
                credential=answer[:LONGEST_ANSWER],
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=_host(),
                expected_origin=_origin(),
                credential_public_key=base64.b64decode(row["public_key"]),
                credential_current_sign_count=row["sign_count"],
            )
        except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError):
            continue
        if bytes_to_base64url(proved.credential_id) != row["credential_id"]:
            continue
        tx.execute("UPDATE second_factors SET sign_count = ? WHERE id = ?", (proved.new_sign_count, row["id"]))
        factors.used(tx, row["id"])
        return True
    return False


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(row["credential_id"])) for row in query(OF_USER, (user.id,))]
