"""Samples: where they come from, how raw data becomes a model's inputs.

`samples` holds the record, `sources` reads one from a file, a folder or a function,
`preprocess` is the contract's arithmetic in NumPy and Pillow, `split` draws and splits,
`draw` takes what a conversion needs, `suitability` says what is wrong with calibration
samples, `input_ranges` which samples leave their range, `synthetic` makes samples up when nobody
has any.
"""
