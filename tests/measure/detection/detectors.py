"""Detections and labelled boxes, drawn at random."""

from __future__ import annotations

import numpy as np

from edgekit.measure.detection.box_geometry import Detections


def scene(rng: np.random.Generator, num_boxes: int, num_classes: int, size: int = 96):
    """Boxes and classes `(k, 5)` of one image."""
    low = rng.uniform(0, size - 30, (num_boxes, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 30, (num_boxes, 2))], axis=1)
    return np.concatenate([boxes, rng.integers(num_classes, size=(num_boxes, 1))], axis=1)


def found(
    rng: np.random.Generator, truth: np.ndarray, extra: int, noise: float, num_classes: int
) -> Detections:
    """The boxes of a scene, a little off and some missing, and others; scores tie now and then."""
    kept = truth[rng.random(len(truth)) < 0.9]
    kept = np.repeat(kept, 1 + (rng.random(len(kept)) < 0.2), axis=0)
    others = scene(rng, extra, num_classes)
    rows = np.concatenate([kept + np.r_[1, 1, 1, 1, 0] * rng.normal(0, noise, kept.shape), others])
    rows[:, 2:4] = np.maximum(rows[:, 2:4], rows[:, :2] + 1)
    scores = np.round(np.r_[rng.beta(4, 2, len(kept)), rng.beta(1, 4, extra)], 2)
    return Detections(rows[:, :4], scores, rows[:, 4].astype(int)).best(100)


def draws(seed: int, num_images: int, num_classes: int = 5, extra: int = 6, noise: float = 2.0):
    """Detections and truths of many images, some of them without any."""
    rng = np.random.default_rng(seed)
    truths = [scene(rng, int(rng.integers(0, 5)), num_classes) for _ in range(num_images)]
    images = [found(rng, t, int(rng.integers(0, extra + 1)), noise, num_classes) for t in truths]
    return images, truths
