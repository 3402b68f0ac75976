"""Write the gate's Markdown into one comment of the pull request: a new one, or the last one.

Reads `EDGEKIT_MARKDOWN`, `GITHUB_EVENT_PATH`, `GITHUB_REPOSITORY` and, by `gh`, `GH_TOKEN`. A
comment is found by the hidden first line of the Markdown. Where it cannot be written (the token of
a pull request from a fork may only read) a warning says so, and the step goes on: the gate's answer
is another step's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import annotate, path_of


class GitHubError(Exception):
    """`gh api` failed."""


def main() -> int:
    """Post or update the comment; always 0."""
    number = _pull_request()
    path = path_of("EDGEKIT_MARKDOWN", "gate.md")
    if not number:
        print("No pull request: no comment.")
    elif not path.is_file():
        print("The gate wrote no Markdown: no comment.")
    else:
        try:
            write(os.environ["GITHUB_REPOSITORY"], number, path.read_text(encoding="utf-8"))
        except GitHubError as error:
            annotate(
                "warning",
                f"The gate's comment cannot be written: {error}. It needs the permission "
                "pull-requests: write, which pull requests from forks do not get.",
            )
    return 0


def write(repository: str, number: int, markdown: str) -> None:
    """Update the comment that has the same first line, or write a new one.

    Raises:
        GitHubError: GitHub refused it.
    """
    base = f"repos/{repository}/issues"
    mine = _find(_comments(f"{base}/{number}/comments?per_page=100"), markdown.split("\n", 1)[0])
    if mine is None:
        _api("POST", f"{base}/{number}/comments", {"body": markdown})
    else:
        _api("PATCH", f"{base}/comments/{mine}", {"body": markdown})


def _find(comments: list[dict[str, Any]], marker: str) -> int | None:
    """The last comment that a bot, or the token's own user, began with the marker.

    Anybody could begin a comment so; nobody's own comment shall be overwritten.
    """
    user = _user()
    found = None
    for one in comments:
        author = one.get("user") or {}
        is_mine = author.get("login") == user if user else author.get("type") == "Bot"
        if is_mine and str(one.get("body", "")).startswith(marker):
            found = int(one["id"])
    return found


def _comments(path: str) -> list[dict[str, Any]]:
    pages = json.loads(_gh("--paginate", "--slurp", path))
    return [one for page in pages for one in page]


def _user() -> str:
    """The token's user; empty for an app's token, such as that of a workflow, which has none."""
    try:
        return str(json.loads(_gh("user")).get("login") or "")
    except GitHubError:
        return ""


def _api(method: str, path: str, body: dict[str, str]) -> None:
    _gh("--method", method, path, "--input", "-", body=json.dumps(body))


def _gh(*arguments: str, body: str = "") -> str:
    try:
        done = subprocess.run(
            ["gh", "api", *arguments], input=body, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise GitHubError(f"gh cannot be run ({error})") from None
    if done.returncode:
        raise GitHubError((done.stderr.strip() or done.stdout.strip())[-300:])
    return done.stdout


def _pull_request() -> int:
    """The number of the event's pull request; 0 for another event."""
    try:
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
    except (OSError, ValueError):
        return 0
    return int((event.get("pull_request") or {}).get("number") or 0)


if __name__ == "__main__":
    sys.exit(main())
