package dev.edgekit.core

import kotlin.math.floor

/**
 * Between real numbers and what a model stores, as the host does it: `rint(x / scale)` with halves
 * to even, plus the zero point, clamped; and `(stored - zeroPoint) * scale` back. In 32-bit
 * floats, for tensors of 32-bit integers in 64-bit ones.
 */
object Quantization {
    /**
     * Real numbers as the tensor stores them.
     *
     * @throws IllegalArgumentException a NaN or an infinity for a quantized tensor; a fraction, or
     *   a number out of range, for plain integers; another number of values than it holds.
     */
    @JvmStatic
    fun store(real: FloatArray, tensor: TensorInfo): Stored {
        tensor.check(real.size)
        if (tensor.dtype == DType.FLOAT32) return Stored.Floats(real.copyOf())
        val bounds = tensor.bounds
        return integers(tensor) { i ->
            if (tensor.scale != null) {
                quantize(real[i], tensor.scale, tensor, bounds)
            } else {
                // Beyond a long's range toLong() stays at its end, which no test would notice.
                val fits = real[i] == floor(real[i]) && kotlin.math.abs(real[i]) < 9.2e18f
                require(fits && real[i].toLong() in bounds) {
                    "\"${tensor.name}\" needs whole numbers, ${bounds.first} to ${bounds.last}; " +
                        "received ${real[i]} at $i."
                }
                real[i].toLong()
            }
        }
    }

    /**
     * Whole numbers as the tensor stores them; for a quantized tensor they are real numbers too.
     *
     * @throws IllegalArgumentException one is out of the tensor's range, or their number differs.
     */
    @JvmStatic
    fun store(whole: LongArray, tensor: TensorInfo): Stored {
        tensor.check(whole.size)
        if (tensor.dtype == DType.FLOAT32 || tensor.scale != null) {
            return store(FloatArray(whole.size) { whole[it].toFloat() }, tensor)
        }
        val bounds = tensor.bounds
        return integers(tensor) { i ->
            require(whole[i] in bounds) {
                "\"${tensor.name}\" needs numbers from ${bounds.first} to ${bounds.last}; " +
                    "received ${whole[i]} at $i."
            }
            whole[i]
        }
    }

    /** Whole numbers as the tensor stores them. */
    @JvmStatic
    fun store(whole: IntArray, tensor: TensorInfo): Stored =
        store(LongArray(whole.size) { whole[it].toLong() }, tensor)

    /** Truths as the tensor stores them: 1 and 0. */
    @JvmStatic
    fun store(truths: BooleanArray, tensor: TensorInfo): Stored =
        store(LongArray(truths.size) { if (truths[it]) 1L else 0L }, tensor)

    /** Real numbers of what a tensor stores. */
    @JvmStatic
    fun real(stored: Stored, tensor: TensorInfo): FloatArray {
        if (stored is Stored.Floats) return stored.values
        val whole = whole(stored, tensor)
        val scale = tensor.scale ?: return FloatArray(whole.size) { whole[it].toFloat() }
        if (tensor.dtype.bytes > 2) {
            return FloatArray(whole.size) {
                ((whole[it].toDouble() - tensor.zeroPoint) * scale.toDouble()).toFloat()
            }
        }
        return FloatArray(whole.size) { (whole[it].toFloat() - tensor.zeroPoint.toFloat()) * scale }
    }

    /** Whole numbers of what a tensor of integers stores: quantized codes, ids, indices. */
    @JvmStatic
    fun whole(stored: Stored, tensor: TensorInfo): LongArray = when (stored) {
        is Stored.Bytes -> LongArray(stored.size) {
            val value = stored.values[it].toLong()
            if (tensor.dtype == DType.UINT8) value and 255 else value
        }
        is Stored.Ints -> LongArray(stored.size) {
            val value = stored.values[it].toLong()
            if (tensor.dtype == DType.UINT32) value and 0xFFFFFFFFL else value
        }
        is Stored.Longs -> stored.values
        is Stored.Booleans -> LongArray(stored.size) { if (stored.values[it]) 1L else 0L }
        is Stored.Floats -> throw IllegalArgumentException("\"${tensor.name}\" holds no integers.")
    }

    /** Whole numbers of at most 32 bits. */
    @JvmStatic
    fun ints(stored: Stored, tensor: TensorInfo): IntArray {
        val whole = whole(stored, tensor)
        return IntArray(whole.size) { whole[it].toInt() }
    }

    /** Truths. */
    @JvmStatic
    fun truths(stored: Stored, tensor: TensorInfo): BooleanArray {
        val whole = whole(stored, tensor)
        return BooleanArray(whole.size) { whole[it] != 0L }
    }

    private fun quantize(real: Float, scale: Float, tensor: TensorInfo, bounds: LongRange): Long {
        val code = if (tensor.dtype.bytes > 2) {
            Math.rint(real.toDouble() / scale.toDouble()) + tensor.zeroPoint
        } else {
            (Math.rint((real / scale).toDouble()).toFloat() + tensor.zeroPoint.toFloat()).toDouble()
        }
        // Not isFinite(): that is of Android's API 24 on.
        require(!code.isNaN() && !code.isInfinite()) {
            "\"${tensor.name}\" needs finite numbers; received $real."
        }
        return code.coerceIn(bounds.first.toDouble(), bounds.last.toDouble()).toLong()
    }

    private inline fun integers(tensor: TensorInfo, value: (Int) -> Long): Stored =
        when (tensor.dtype) {
            DType.INT8, DType.UINT8 -> Stored.Bytes(ByteArray(tensor.size) { value(it).toByte() })
            DType.INT32, DType.UINT32 -> Stored.Ints(IntArray(tensor.size) { value(it).toInt() })
            DType.INT64 -> Stored.Longs(LongArray(tensor.size) { value(it) })
            DType.BOOL -> Stored.Booleans(BooleanArray(tensor.size) { value(it) != 0L })
            DType.FLOAT32 -> error("\"${tensor.name}\" holds no integers.")
        }
}
