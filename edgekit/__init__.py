"""edgekit: Keras models to TFLite files that are proven on the host."""

__version__ = "0.1.0"
