"""The `edgekit` command. Verbs are imported when they run, so `--help` stays fast."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import NoReturn

import click

from edgekit import __version__
from edgekit.text import printable, printable_lines

_BROKEN_PIPE = 141  # as a shell says of a program that SIGPIPE ended

# Verb: where its command is, and the line that `edgekit --help` shows for it.
VERBS = {
    "convert": ("edgekit.cli.convert:convert", "Turn a trained Keras model into .tflite files."),
    "init": ("edgekit.cli.init:init", "Write a commented edgekit.toml."),
    "validate": ("edgekit.cli.validate:validate", "Measure accuracy and fidelity on runtimes."),
    "benchmark": ("edgekit.cli.benchmark:benchmark", "Measure latency, memory and size."),
    "gate": ("edgekit.cli.gate:gate", "Stop a model that got worse, larger or slower."),
    "bundle": ("edgekit.cli.bundle:bundle", "Make what an app needs to run a converted file."),
    "inspect": ("edgekit.cli.inspect:inspect", "Show what is inside a .tflite file."),
    "runtime": ("edgekit.cli.runtime:runtime", "Add, list and remove runtimes."),
    "demo": ("edgekit.cli.demo:demo", "Convert and prove a sample model, in one table."),
    "doctor": ("edgekit.cli.doctor:doctor", "Show what is installed and what is missing."),
}


class Verbs(click.Group):
    """A group that imports a verb only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which one uses them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest verb named when there is no such one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from edgekit.names import nearest

            hint = nearest(args[0], VERBS) if args else None
            hint = f" {hint[0].upper()}{hint[1:]}" if hint else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgekit")
def cli() -> None:
    """Keras models to TFLite files that are proven on the host.

    Exit codes: 0 done, 1 failed the gate, 2 usage or could not judge, 3 inconclusive,
    70 an internal error.
    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from edgekit.errors import EdgekitError, of_system

    _prepare_streams()
    # Worker processes and temporary files go when somebody ends us politely, as on Ctrl-C.
    signal.signal(signal.SIGTERM, _end)
    try:
        code = cli.main(prog_name="edgekit", standalone_mode=False)
    except EdgekitError as error:
        click.echo(printable_lines(f"Error: {error}"), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        # It may quote an argument. click declares it final, and reads it when it shows the error.
        error.message = printable(error.message)  # type: ignore[misc]
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(130)
    except SystemExit as end:
        # click and rich end so when nobody reads standard output any more; 1 is the gate's.
        sys.exit(_BROKEN_PIPE if end.code == 1 else end.code)
    except OSError as error:
        if error.errno is None:
            _report_internal()
        click.echo(printable_lines(f"Error: {of_system(error)}"), err=True)
        sys.exit(EdgekitError.exit_code)
    except Exception:
        _report_internal()
    sys.exit(code if isinstance(code, int) else 0)


def _report_internal() -> NoReturn:
    import traceback

    from edgekit.errors import EXIT_INTERNAL

    click.echo(printable_lines(traceback.format_exc().rstrip()), err=True)
    click.echo(
        "Error: this is a mistake of edgekit itself; please report it with the lines above.",
        err=True,
    )
    sys.exit(EXIT_INTERNAL)


def _prepare_streams() -> None:
    """Give closed streams a place to go, and print what an old locale cannot as escapes."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _end(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)


if __name__ == "__main__":
    main()
