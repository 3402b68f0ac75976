"""`--help` loads click and a few small modules, whichever verb it is asked of."""

import json
import subprocess
import sys

import pytest

from edgekit.cli.main import VERBS

# Besides the standard library. A module that is added here costs every user at every call.
ALLOWED = {"click", "edgekit"}
ALLOWED_OF_EDGEKIT = {
    "edgekit",
    "edgekit.cli",
    "edgekit.cli.main",
    "edgekit.cli.options",
    "edgekit.cli.streams",
    "edgekit.core",
    "edgekit.core.errors",
    "edgekit.core.json_values",
    "edgekit.core.suggest",
    "edgekit.core.text",
}
PROGRAM = """
import json, sys
before = set(sys.modules)
from edgekit.cli.main import cli
try:
    cli(sys.argv[1:], standalone_mode=True)
except SystemExit:
    pass
print()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HELP = [
    ["--help"],
    *([verb, "--help"] for verb in VERBS),
    *(["runtime", verb, "--help"] for verb in ("add", "list", "remove")),
]


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_help_loads_only_what_is_listed(arguments):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    *text, modules = run.stdout.splitlines()
    assert any("Usage:" in line for line in text)
    loaded = json.loads(modules)
    foreign = {name.partition(".")[0].lstrip("_") for name in loaded} - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith("_")} <= ALLOWED | {
        name.lstrip("_") for name in sys.stdlib_module_names
    }
    verb = {f"edgekit.cli.{arguments[0]}_command"} if arguments[0] in VERBS else set()
    if arguments[0] == "convert":
        verb |= {
            "edgekit.cli.compression_options",
            "edgekit.cli.grouped_help",
        }  # its options by themselves
        verb |= {
            "edgekit.core.arguments",
            "edgekit.core.box_decoder",
            "edgekit.core.output_kinds",
            "edgekit.core.recipes",
            "edgekit.core.records",
            "edgekit.core.text",
        }  # which its help lists
    assert {name for name in loaded if name.startswith("edgekit")} <= ALLOWED_OF_EDGEKIT | verb


def test_importing_edgekit_loads_nothing_heavy():
    program = (
        "import sys, edgekit; print([m for m in sys.modules if m in ('numpy', 'click', 'rich')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
