"""Seeds of the random streams of grading, derived from one secret a submission."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["derive_seed"]


def derive_seed(secret: str, *names: str) -> int:
    """A seed of 63 bits for the stream called ``names``: a keyed hash, so that none tells another."""
    text = "\x00".join(names).encode("utf-8", "surrogatepass")  # a folder's name may be no UTF-8
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1
