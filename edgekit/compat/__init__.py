"""Every private name of TensorFlow, Keras, tf_keras, LiteRT and its quantizer that edgekit uses.

A release may drop such a name without a word. Each therefore stands behind a function here, whose
docstring says what it does, the release in which it was read, and what is lost without it. Where
there is a public way round, it is taken then, and `fallbacks` notes so. `tests/compat` fails where
a name is gone or a way round is taken with the pinned releases; `tests/house` fails where such a
name stands elsewhere in the package.

Modules here import those packages when a function is called, never before.
"""
