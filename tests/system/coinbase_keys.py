"""Keys of a stand-in for Coinbase, and its look at tokens, by a library of its own."""

from __future__ import annotations

import base64
import json
import random
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

FORMS = ("sec1", "pkcs8", "raw", "both", "pkcs8_ed25519")
NAME = "organizations/{}/apiKeys/{}"


class BadToken(Exception):
    """Why a token is refused."""


def _pem(key: Any, form: serialization.PrivateFormat) -> str:
    none = serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, none).decode())


class Key:
    """A key in one of the forms in which the venue gives it."""

    def __init__(self, drawn: random.Random, form: str) -> None:
        uuids = [f"00000000-0000-4000-8000-{drawn.getrandbits(48):012x}" for _ in range(2)]
        self.name = NAME.format(*uuids)
        self.private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
        if form in ("sec1", "pkcs8"):
            number = drawn.getrandbits(255) + 1
            self.private = ec.derive_private_key(number, ec.SECP256R1())
            traditional = serialization.PrivateFormat.TraditionalOpenSSL
            kind = traditional if form == "sec1" else serialization.PrivateFormat.PKCS8
            self.secret = _pem(self.private, kind)
        else:
            seed = drawn.randbytes(32)
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
            if form == "pkcs8_ed25519":
                self.secret = _pem(self.private, serialization.PrivateFormat.PKCS8)
            else:
                public = self.private.public_key().public_bytes_raw() if form == "both" else b""
                self.secret = base64.b64encode(seed + public).decode()
        self.used: set[str] = set()

    def check(self, token: str, call: str | None, ahead_s: float) -> dict[str, Any]:
        """Refuse a token that is not good for this call, now; return its claims."""
        parts = token.split(".")
        if len(parts) != 3:
            raise BadToken("form")
        raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
        head, claims = json.loads(raw[0]), json.loads(raw[1])
        self._verify(f"{parts[0]}.{parts[1]}".encode(), raw[2], head["alg"])
        now = time.time() + ahead_s
        if (head["typ"], head["kid"], claims["sub"], claims["iss"]) != (
            *("JWT", self.name, self.name, "cdp"),
        ):
            raise BadToken("names")
        if head["nonce"] in self.used:
            raise BadToken("used")
        if not (claims["nbf"] <= now + 1 and now < claims["exp"] <= now + 122):
            raise BadToken("time")
        if claims.get("uri") != call:
            raise BadToken("call")
        self.used.add(head["nonce"])
        return dict(claims)

    def _verify(self, message: bytes, signature: bytes, algorithm: str) -> None:
        try:
            if isinstance(self.private, ec.EllipticCurvePrivateKey):
                if algorithm != "ES256" or len(signature) != 64:
                    raise BadToken("algorithm")
                r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
                public = self.private.public_key()
                public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
            else:
                if algorithm != "EdDSA":
                    raise BadToken("algorithm")
                self.private.public_key().verify(signature, message)
        except InvalidSignature:
            raise BadToken("signature") from None
