"""Where the stages come together. A newcomer starts at `convert.conversion`.

`convert`: load -> export -> compare with Keras -> quantize -> check -> write.
`validate`: run -> measure accuracy and fidelity. `benchmark`: run -> measure time and
memory. Stages do not import each other; what one needs of another it gets from here.
"""
