"""Write the gate's Markdown into one comment of the pull request: a new one, or the last one.

Reads `EDGEKIT_MARKDOWN`, `GITHUB_EVENT_PATH`, `GITHUB_REPOSITORY` and, by `gh`, `GH_TOKEN`. A
comment is found by its marker, the hidden first line of the Markdown, and by its author; no other
comment is touched, and Markdown without a marker is not written. Where it cannot be written (the
token of a pull request from a fork may only read) a warning says so, and the step goes on: the
gate's result is another step's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import annotate, path_of

# As `report.gate_markdown.marker` writes it.
_MARKER = re.compile(r"<!-- edgekit gate: [^<>\r\n]* -->")
_MOST_CHARACTERS = 65_536  # GitHub refuses a longer comment
_CUT = "\n\n(cut here: the summary of the run has all)\n"


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
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                markdown = file.read(_MOST_CHARACTERS + 1)
            write(os.environ["GITHUB_REPOSITORY"], number, markdown)
        except GitHubError as error:
            annotate(
                "warning",
                f"The gate's comment cannot be written: {error}. It needs the permission "
                "pull-requests: write, which pull requests from forks do not get.",
            )
    return 0


def write(repository: str, number: int, markdown: str) -> None:
    """Update the comment that has the same marker, or write a new one.

    Raises:
        GitHubError: GitHub refused it, or the Markdown has no marker.
    """
    marker = markdown.split("\n", 1)[0].rstrip("\r")
    if not _MARKER.fullmatch(marker):
        raise GitHubError("the Markdown does not begin with the gate's marker")
    if len(markdown) > _MOST_CHARACTERS:
        markdown = markdown[: _MOST_CHARACTERS - len(_CUT)] + _CUT
    base = f"repos/{repository}/issues"
    mine = _find(_comments(f"{base}/{number}/comments?per_page=100"), marker)
    if mine is None:
        _api("POST", f"{base}/{number}/comments", {"body": markdown})
    else:
        _api("PATCH", f"{base}/comments/{mine}", {"body": markdown})


def _find(comments: list[dict[str, Any]], marker: str) -> int | None:
    """The last comment that the token's own user, or a bot, began with a line of the marker.

    Anybody could begin a comment so; nobody's own comment shall be overwritten.
    """
    user = _user()
    found = None
    for one in comments:
        author = one.get("user") or {}
        is_mine = author.get("login") == user if user else author.get("type") == "Bot"
        if is_mine and str(one.get("body") or "").split("\n", 1)[0].rstrip("\r") == marker:
            found = int(one["id"])
    return found


def _comments(path: str) -> list[dict[str, Any]]:
    pages = _json("--paginate", "--slurp", path)
    if not isinstance(pages, list) or not all(isinstance(page, list) for page in pages):
        raise GitHubError("GitHub's list of comments is none")
    return [one for page in pages for one in page if isinstance(one, dict)]


def _user() -> str:
    """The token's user; empty for an app's token, such as that of a workflow, which has none."""
    try:
        told = _json("user")
    except GitHubError:
        return ""
    return str(told.get("login") or "") if isinstance(told, dict) else ""


def _json(*arguments: str) -> Any:
    try:
        return json.loads(_gh(*arguments))
    except ValueError:
        raise GitHubError("GitHub's response is not JSON") from None


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
    except (OSError, ValueError, RecursionError):
        return 0
    request = event.get("pull_request") if isinstance(event, dict) else None
    number = request.get("number") if isinstance(request, dict) else None
    return number if isinstance(number, int) else 0


if __name__ == "__main__":
    sys.exit(main())
