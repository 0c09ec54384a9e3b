"""What a guest replied during one test, as digests: two sketches are compared without the replies."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Reply", "Sketch"]


class Reply(NamedTuple):
    """A digest of one reply, digests that are the same for all that is near it, and how many bits it tells."""

    digest: str
    near: tuple[str, str]
    bits: int

    def differs(self, other: Reply) -> bool:
        """Whether the replies are different, and not only on two sides of a limit between two rounded values."""
        return self.near[0] != other.near[0] and self.near[1] != other.near[1]


@dataclass(frozen=True)
class Sketch:
    """What a guest replied during one test."""

    replies: tuple[Reply, ...] = ()

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(reply.digest for reply in self.replies).encode()).hexdigest()[:16]

    def telling(self, right: Sketch) -> int:
        """Bits in the replies that are not those of a right solution."""
        paired = zip(self.replies, right.replies, strict=False)
        beyond = self.replies[len(right.replies) :]
        return sum(r.bits for r, expected in paired if r.differs(expected)) + sum(r.bits for r in beyond)

    def to_list(self) -> list[Any]:
        """Plain values, for JSON."""
        return [[reply.digest, list(reply.near), reply.bits] for reply in self.replies]

    @classmethod
    def from_list(cls, replies: Sequence[Any]) -> Sketch:
        return cls(tuple(Reply(digest, (near[0], near[1]), bits) for digest, near, bits in replies))
