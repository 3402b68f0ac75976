"""`edgekit runtime`: other runtimes, and other versions of them, each in its environment."""

from __future__ import annotations

import click

from edgekit.cli import options as shared


@click.group()
def runtime() -> None:
    """Add, list and remove runtimes.

    LiteRT comes with edgekit. Any other runtime or version gets a Python environment of its
    own, in the user's cache folder or under EDGEKIT_HOME.
    """


@runtime.command()
@click.argument("name", metavar="NAME==VERSION")
def add(name: str) -> None:
    """Make the environment of a runtime, as tflite-runtime==2.14.0."""
    from edgekit.runtimes import environments

    with shared.progress() as say:
        python = environments.add(environments.parse(name), on_progress=say)
    shared.echo(f"{name} is ready: {python}")


@runtime.command("list")
@shared.json_option
def list_(as_json: bool) -> None:
    """Show the runtimes that were added; LiteRT itself is always there."""
    from edgekit.runtimes import environments

    added = environments.list_environments()
    if as_json:
        shared.echo_json(added)
        return
    for each in added:
        shared.echo(
            f"{each.label:28} Python {each.python_version}, NumPy {each.numpy}: {each.python}"
        )


@runtime.command()
@click.argument("name", metavar="NAME==VERSION")
def remove(name: str) -> None:
    """Delete the environment of a runtime."""
    from edgekit.runtimes import environments

    environments.remove(environments.parse(name))
    shared.echo(f"{name} is removed.")
