"""A folder of images with boxes: the images that its `annotations.json` names, as samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.records import Contract
from edgekit.data import (
    box_labels,
    check_samples,
    coco_annotations,
    folders,
    images,
    preprocess,
    unpacked_size,
)
from edgekit.data.samples import Samples
from edgekit.data.split import draw


def read(
    folder: Path,
    annotations: Path,
    contract: Contract,
    limit: int | None,
    seed: int,
    *,
    memory_bytes: int,
) -> Samples:
    """Samples with labelled boxes. Only the images that are drawn are decoded.

    Args:
        folder: Of the images.
        annotations: COCO's JSON; see `data.coco_annotations`.
        contract: The input's preprocessing, by which boxes move too, and the classes.
        limit: Draw at most so many.
        seed: Of that draw.
        memory_bytes: What the process may take; see `unpacked_size.fits`.

    Raises:
        DataError: The annotations or an image cannot be read, or a box does not fit its image.
        ProjectError: The input's preprocessing makes no sense.
    """
    spec = folders.only_input(contract, folder)
    if spec.preprocessing.kind != "image":
        raise DataError(
            "A folder of images needs preprocessing, which edgekit.toml does not give.",
            received=f"input {spec.name!r} of kind {spec.preprocessing.kind!r}",
            hint=f'add [input.{spec.name}] with kind = "image" and size = [height, width].',
        )
    preprocess.validate(spec)
    output = box_labels.output(contract)
    if output is None:
        raise DataError(
            "Labelled boxes need an output that is known to hold boxes.",
            received=f"{annotations} for outputs {', '.join(s.name for s in contract.outputs)}",
            hint="state it in edgekit.toml: [output.NAME] columns or decode.",
        )
    listed = coco_annotations.read(annotations, contract)
    if not listed:
        raise DataError("The annotations name no image.", received=str(annotations))
    chosen = [listed[index] for index in draw(None, len(listed), limit, seed)]
    inputs: list[np.ndarray] = []
    boxes = []
    for image in chosen:
        raw = images.read(image.path, memory_bytes=memory_bytes)
        boxes.append(coco_annotations.fitted(image, (raw.shape[0], raw.shape[1]), spec, contract))
        sample = preprocess.preprocess(raw, spec)
        if not inputs:
            total = 2 * len(chosen) * sample.nbytes  # the list, and the array made of it
            unpacked_size.fits(total, memory_bytes, f"{len(chosen)} images of {folder}")
        inputs.append(sample)
    return Samples(
        inputs={spec.name: check_samples.fit(np.stack(inputs), spec)},
        head_labels={output: box_labels.of_images(boxes)},
        source=str(folder),
    )
