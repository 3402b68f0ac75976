"""What a float file gives for samples, kept by what both hold, so that it need not run again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import numpy as np

from edgekit.core import npz_record, serde
from edgekit.core.errors import OutputError
from edgekit.core.installed import installed
from edgekit.core.records import Target
from edgekit.data.samples import Samples
from edgekit.measure.machine import describe_host
from edgekit.pipeline import cache
from edgekit.runtimes import environments

_FILE = "outputs.npz"
# Beyond it, reading and hashing an entry takes as long as many a model.
_MOST_BYTES = 256 * 2**20


class KeptOutputs:
    """Entries of the cache, for outputs on one target.

    Args:
        target: Where the files run.
        files: The float files; of others nothing is kept.
        samples_sha256: The hash of the samples that are asked for.
    """

    def __init__(
        self, target: Target, files: Collection[Path], samples_sha256: Callable[[], str]
    ) -> None:
        self._target, self._files, self._samples_sha256 = target, files, samples_sha256
        self._cache = cache.Cache()

    def read(self, path: Path, samples: Samples) -> dict[str, np.ndarray] | None:
        """What the file gave for these samples; None where that is not known."""
        if path not in self._files:
            return None
        return self._cache.read(self._key(path, samples), _load)

    def write(self, path: Path, samples: Samples, outputs: dict[str, np.ndarray]) -> None:
        """Keep what the file gave; where the cache cannot be written, nothing is kept."""
        if (
            path not in self._files
            or sum(values.nbytes for values in outputs.values()) > _MOST_BYTES
        ):
            return
        with suppress(OutputError), self._cache.making(self._key(path, samples)) as folder:
            # By number: an output's name may be no name of a file.
            arrays = {str(number): values for number, values in enumerate(outputs.values())}
            arrays["names"] = np.array(list(outputs), dtype="U")
            npz_record.write(folder / _FILE, arrays, compress=False)

    def _key(self, path: Path, samples: Samples) -> str:
        return cache.key(
            "outputs",
            file=serde.sha256(path),
            samples=self._samples_sha256(),
            carried=dict(samples.carried),
            target=serde.to_dict(self._target),
            python=str(environments.python_for(self._target)),
            runtime=installed("ai-edge-litert"),
            cpu=describe_host().cpu,  # kernels are its own
        )


def _load(folder: Path) -> dict[str, np.ndarray]:
    with (folder / _FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        names = stored["names"].tolist()
        return {name: stored[str(number)] for number, name in enumerate(names)}
