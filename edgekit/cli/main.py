"""The `edgekit` command. Verbs are imported when they run, so `--help` stays fast."""

from __future__ import annotations

if __name__ == "__main__":  # before what takes a moment is imported
    from importlib import import_module

    import_module("edgekit.__main__").main()

import _thread
import importlib
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import click

from edgekit import __version__
from edgekit.cli import streams
from edgekit.core.text import printable, printable_lines

_BROKEN_PIPE = 141  # as a shell says of a program that SIGPIPE ended
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_LATER_SECONDS = 0.01

_NO_MEMORY = """Error: This process ran out of memory.
  Hint: give fewer or smaller samples, or free some memory and try again."""

# Verb: where its command is, and the line that `edgekit --help` shows for it.
VERBS = {
    "convert": (
        "edgekit.cli.convert_command:convert",
        "Turn a trained Keras model into .tflite files.",
    ),
    "init": ("edgekit.cli.init_command:init", "Write a commented edgekit.toml."),
    "validate": (
        "edgekit.cli.validate_command:validate",
        "Measure accuracy and fidelity on runtimes.",
    ),
    "benchmark": ("edgekit.cli.benchmark_command:benchmark", "Measure latency, memory and size."),
    "gate": ("edgekit.cli.gate_command:gate", "Stop a model that got worse, larger or slower."),
    "bundle": (
        "edgekit.cli.bundle_command:bundle",
        "Make what an app needs to run a converted file.",
    ),
    "inspect": ("edgekit.cli.inspect_command:inspect", "Show what is inside a .tflite file."),
    "runtime": ("edgekit.cli.runtime_command:runtime", "Add, list and remove runtimes."),
    "demo": ("edgekit.cli.demo_command:demo", "Convert and prove a sample model, in one table."),
    "doctor": ("edgekit.cli.doctor_command:doctor", "Show what is installed and what is missing."),
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
            from edgekit.core.suggest import nearest

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

    Exit codes: 0 done, 1 failed the gate, a bound or (convert) wrecked a file, 2 usage or could
    not judge, 3 inconclusive, 70 an internal error.
    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    streams.prepare()
    # Worker processes and temporary files go when somebody ends us politely, as on Ctrl-C.
    for name in _ENDING:
        _on(name, _end)
    code = _run()
    for name in _ENDING:  # nothing is left but to clean up
        _on(name, signal.SIG_IGN)
    with suppress(OSError):  # it was told, or there is nobody to tell
        streams.close_output()
    sys.exit(code)


def _run() -> int:
    """Run the command line, say what went wrong, and return the exit code."""
    from edgekit.core.errors import EdgekitError, of_system

    try:
        code = cli.main(prog_name="edgekit", standalone_mode=False)
        streams.close_output()
    except EdgekitError as error:
        click.echo(printable_lines(f"Error: {error}"), err=True)
        return error.exit_code
    except click.ClickException as error:
        # It may quote an argument. click declares `message` final to type checkers, and reads it
        # when it shows the error.
        error.message = printable(error.message)  # type: ignore[misc]
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Aborted.", err=True)
        return 128 + signal.SIGINT
    except SystemExit as end:
        # click and rich end so when nobody reads standard output any more; 1 is the gate's.
        return _BROKEN_PIPE if end.code == 1 else _number(end.code)
    except BrokenPipeError:
        return _BROKEN_PIPE
    except MemoryError:
        click.echo(_NO_MEMORY, err=True)
        return EdgekitError.exit_code
    except OSError as error:
        if error.errno is None:
            return _report_internal()
        click.echo(printable_lines(f"Error: {of_system(error)}"), err=True)
        return EdgekitError.exit_code
    except Exception:
        return _report_internal()
    return _number(code)


def _number(code: object) -> int:
    return code if isinstance(code, int) else 0


def _report_internal() -> int:
    import traceback

    from edgekit.core.errors import EXIT_INTERNAL

    click.echo(printable_lines(traceback.format_exc().rstrip()), err=True)
    click.echo(
        "Error: this is a mistake of edgekit itself; please report it with the lines above.",
        err=True,
    )
    return EXIT_INTERNAL


def _on(name: str, handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Handle a signal, where the system has it and whoever started us does not ignore it."""
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)


def _end(signum: int, frame: FrameType | None) -> None:
    """End the command in order, on a signal: an exception that every block cleans up after."""
    if _is_importing(frame):
        # Exceptions that cross an import get lost there, or become others: a little later, then.
        threading.Timer(_LATER_SECONDS, _thread.interrupt_main, [signum]).start()
        return
    # At once, or a thread that waits for a child would be waited for.
    kill_all = getattr(sys.modules.get("edgekit.core.process"), "kill_all", None)
    if kill_all is not None:
        kill_all()
    # Not KeyboardInterrupt: Python would end itself by the signal where one passed an exec().
    sys.exit(128 + signum)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False
