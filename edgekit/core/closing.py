"""What is closed where its `with` block ends."""

from __future__ import annotations

from typing import Self


class Closing:
    """A base of what has a `close`, which may be called twice."""

    def close(self) -> None:
        """End it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
