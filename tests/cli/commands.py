"""Commands in this process, on files and measurements that are made up."""

from __future__ import annotations

import click
from click.testing import CliRunner, Result

from edgekit.core.records import Host, Measurement, Metric, Target

HOST = Host(machine="m", system="Linux", cpu="x86_64", cores=2, python="3.12")


def invoke(command: click.Command, *arguments: object) -> Result:
    """How a command ended; what it raised, other than click's own, is raised here."""
    result = CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=False)
    if result.exception and not isinstance(result.exception, click.exceptions.Exit | SystemExit):
        raise result.exception
    return result


def measurement(artifact: str = "net.float32.tflite", **fields: object) -> Measurement:
    """A measurement of one file, with a value for each of two samples."""
    metric = Metric(name="top1_accuracy", value=0.75, better="higher", raw=(1.0, 0.5))
    known = {
        "artifact": artifact,
        "artifact_sha256": "0",
        "samples_sha256": "1",
        "num_samples": 2,
        "target": Target(),
        "host": HOST,
        "metrics": (metric,),
    }
    return Measurement(**{**known, **fields})
