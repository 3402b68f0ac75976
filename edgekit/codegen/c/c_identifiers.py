"""The identifiers of a C bundle: all in one scope, the program's, behind the model's name."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.codegen import identifiers
from edgekit.codegen.literals import string
from edgekit.core.bundle_record import Bundle

# Headers of C that a file NAME.h would hide, where the compiler is told to look beside it first.
_HEADERS = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads
time uchar wchar wctype unistd memory new vector array map"""


class Names:
    """Identifiers of a bundle, by what the contract calls the thing.

    `prefix` begins all of them and names the files; `inputs` and `outputs` are functions,
    `workspaces` those that tell an image's, `variants` the models, the rest are
    constants.
    """

    def __init__(self, bundle: Bundle) -> None:
        contract = bundle.models[0].contract
        prefix = identifiers.unique([bundle.name], identifiers.snake, "c", _HEADERS.split())[
            bundle.name
        ]
        # edgekit_ is what the core's own names begin with.
        self.prefix = f"model_{prefix}" if prefix.startswith("edgekit") else prefix
        self._used: set[str] = set()
        self.self_test = self._named([""], lambda _: f"{self.prefix}_self_test")[""]
        self.self_test_workspace = self._named(
            [""], lambda _: f"{self.prefix}_self_test_workspace"
        )[""]
        variants = [model.variant for model in bundle.models]
        inputs = [spec.name for spec in contract.inputs]
        outputs = [spec.name for spec in contract.outputs]
        self.variants = self._behind(variants, "")
        self.inputs = self._behind(inputs, "")
        self.outputs = self._behind(outputs, "")
        self.workspaces = self._behind(inputs, "_workspace")
        self.rules = self._behind(inputs, "_rules")
        self.means = self._behind(inputs, "_mean")
        self.stds = self._behind(inputs, "_std")
        self.vocabularies = self._behind(inputs, "_vocabulary")
        self.labels = self._behind(outputs, "_labels")
        self.counts = self._named(
            outputs, lambda name: f"{self.prefix}_{identifiers.snake(name)}_count".upper()
        )

    def _behind(self, given: list[str], ending: str) -> dict[str, str]:
        return self._named(given, lambda name: f"{self.prefix}_{identifiers.snake(name)}{ending}")

    def _named(self, given: list[str], style: Callable[[str], str]) -> dict[str, str]:
        made = identifiers.unique(given, style, "c", self._used)
        self._used.update(made.values())
        return made


def comment(text: str) -> str:
    """A name in quotes that cannot end the comment it stands in, or begin one."""
    return string(text, "c").replace("*/", "*\\/").replace("/*", "/\\*")
