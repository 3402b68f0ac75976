"""Colours between RGB and HSV (A. R. Smith, Color gamut transform pairs, SIGGRAPH 1978)."""

from __future__ import annotations

from typing import Any

from edgekit.frontend.rewrites.operator_call import OperatorCall, Rule


def rgb_to_hsv(call: OperatorCall, images: Any) -> Any:
    """Hue by the largest channel, saturation as the spread over it; values from 0 to 1."""
    import tensorflow as tf

    red, green, blue = tf.split(images, 3, axis=-1)
    value = tf.reduce_max(images, axis=-1, keepdims=True)
    spread = value - tf.reduce_min(images, axis=-1, keepdims=True)
    zeros, ones = tf.zeros_like(value), tf.ones_like(value)
    saturation = tf.where(value > 0.0, spread / tf.where(value > 0.0, value, ones), zeros)
    step = 1.0 / (6.0 * tf.where(spread > 0.0, spread, ones))
    hue = tf.where(
        tf.equal(red, value),
        step * (green - blue),
        tf.where(
            tf.equal(green, value),
            step * (blue - red) + 2.0 / 6.0,
            step * (red - green) + 4.0 / 6.0,
        ),
    )
    hue = tf.where(spread > 0.0, hue, zeros)
    return tf.concat([tf.where(hue < 0.0, hue + 1.0, hue), saturation, value], axis=-1)


def hsv_to_rgb(call: OperatorCall, images: Any) -> Any:
    """Each channel is a trapezoid over the hue."""
    import tensorflow as tf

    hue, saturation, value = tf.split(images, 3, axis=-1)
    place = hue * 6.0
    full = tf.concat(
        [tf.abs(place - 3.0) - 1.0, 2.0 - tf.abs(place - 2.0), 2.0 - tf.abs(place - 4.0)], axis=-1
    )
    full = tf.clip_by_value(full, 0.0, 1.0)
    return (1.0 - saturation + saturation * full) * value


RULES: dict[str, Rule] = {"HSVToRGB": hsv_to_rgb, "RGBToHSV": rgb_to_hsv}
