"""Quantization-aware training of what a float `.tflite` computes.

Usually it starts from Keras layers, and has to guess what a converter will make of them. In the
file batch normalizations are folded, activations are fused, and the tensors are those that the
quantizer quantizes; and it is there for every source of models. `quantize.trained.grid` reads off
the quantized file where it rounds; `float_network` makes a Keras model with a layer for each
operator, which `fake_quant` lets round there, beginning at the very weights that calibration chose;
`quantize.trained.apply_trained` hands weights and ranges back to the same quantizer. With
`--effort high` calibration samples alone train it, for a short while (`learn_rounding`).
"""
