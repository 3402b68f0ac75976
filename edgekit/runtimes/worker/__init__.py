"""Runs `.tflite` models in a process of its own: any Python 3.8 to 3.14, without edgekit.

`worker_serve.py` is started by its path, in a Python that may be an old environment's: these
files import the standard library, NumPy, a runtime and one another, and nothing newer than
Python 3.8 knows. (There this file is not run.)
"""
