"""The structures of `edgekit_core.h`, for ctypes."""

from __future__ import annotations

import ctypes

Bytes = ctypes.POINTER(ctypes.c_ubyte)


class Tensor(ctypes.Structure):
    """`edgekit_tensor`."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("index", ctypes.c_int),
        ("dtype", ctypes.c_int),
        ("rank", ctypes.c_int),
        ("shape", ctypes.POINTER(ctypes.c_int32)),
        ("count", ctypes.c_size_t),
        ("num_bytes", ctypes.c_size_t),
        ("quantized", ctypes.c_int),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int64),
        ("golden_offset", ctypes.c_size_t),
        ("tolerance", ctypes.c_double),
        ("rms_tolerance", ctypes.c_double),
        ("least_agreement", ctypes.c_double),
        ("threshold", ctypes.c_double),
        ("num_columns", ctypes.c_int),
        ("columns", ctypes.c_void_p),
    ]


class Model(ctypes.Structure):
    """`edgekit_model`."""

    _fields_ = [
        ("variant", ctypes.c_char_p),
        ("sha256", ctypes.c_char_p),
        ("data", Bytes),
        ("size", ctypes.c_size_t),
        ("num_inputs", ctypes.c_int),
        ("inputs", ctypes.POINTER(Tensor)),
        ("num_outputs", ctypes.c_int),
        ("outputs", ctypes.POINTER(Tensor)),
        ("golden", Bytes),
        ("num_samples", ctypes.c_int),
        ("sample_bytes", ctypes.c_size_t),
        ("num_raws", ctypes.c_int),
        ("raws", ctypes.c_void_p),
        ("num_labels", ctypes.c_int),
        ("labels", ctypes.c_void_p),
    ]


class Check(ctypes.Structure):
    """`edgekit_check`."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("worst", ctypes.c_double),
        ("tolerance", ctypes.c_double),
        ("rms", ctypes.c_double),
        ("rms_tolerance", ctypes.c_double),
        ("agreement", ctypes.c_double),
        ("least_agreement", ctypes.c_double),
        ("exact", ctypes.c_int),
        ("passed", ctypes.c_int),
        ("start", ctypes.c_size_t),
        ("stop", ctypes.c_size_t),
    ]
