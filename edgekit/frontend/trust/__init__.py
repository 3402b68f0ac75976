"""What a stranger's model file may name and do, decided before it is loaded.

This is the first of three walls, each of which has to hold by itself. What a file may name is on
a list of what is known to be good (`allowed_*`). Counts and sizes are held against the bytes that
are there (`tflite.verifier`, `data.unpacked_size`), before anything is unpacked. And the child
that reads the file can write to its temporary folder only (`core.sandbox`). What a library raises
while it reads a file is the file's fault (`core.errors.reading`), and what is printed of it is
escaped (`core.text`). `tests/fuzz` damages files of every format; `benchmarks/hostile.py` sends
hostile ones through every verb.
"""
