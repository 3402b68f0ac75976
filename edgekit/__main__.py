"""Starts the command line, as the command `edgekit` and as `python -m edgekit`."""

from __future__ import annotations

import os
import signal


def _end(signum: int, frame: object) -> None:
    os._exit(128 + signum)


# Imports take a moment, and Ctrl-C may come within it: there is nothing to clean up yet.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from edgekit.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
