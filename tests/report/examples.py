"""Measurements and written files for the tests of what shows them."""

from edgekit.core import recipes
from edgekit.core.records import Artifact, Contract, Host, Kept, Measurement, Metric, Target

HOST = Host(machine="m", system="s", cpu="c", cores=1, python="3")


def measured(name, **metrics):
    return Measurement(
        artifact=name,
        artifact_sha256="0",
        samples_sha256="0",
        num_samples=100,
        target=Target(),
        host=HOST,
        metrics=tuple(Metric(name=key, value=value) for key, value in metrics.items()),
    )


def made(recipe, size=100, **fields):
    return Artifact(
        path=f"net.{recipe}.tflite",
        sha256="0",
        size_bytes=size,
        compressed_bytes=size,
        recipe=recipes.get(recipe),
        contract=Contract(inputs=(), outputs=()),
        source_sha256="0",
        float_sha256="0",
        **fields,
    )


KEPT = (
    Kept(layer="dense_2", operator="FULLY_CONNECTED", recipe="weight_only_wi8_afp32", reason="a"),
    Kept(layer="dense_3", operator="FULLY_CONNECTED", recipe="weight_only_wi8_afp32", reason="a"),
    Kept(layer="layer_norm", operator="MUL", recipe="float32", reason="a"),
)
