package dev.edgekit.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** What a model stores the numbers of an input or output as; [bytes] of each. */
enum class DType(val bytes: Int) {
    FLOAT32(4),
    INT8(1),
    UINT8(1),
    INT32(4),
    UINT32(4),
    INT64(8),
    BOOL(1),
}

/**
 * Numbers exactly as a model stores them, in the array that LiteRT's buffers take: unsigned ones
 * have the bits of signed ones here.
 */
sealed class Stored {
    /** How many numbers. */
    abstract val size: Int

    class Floats(val values: FloatArray) : Stored() {
        override val size: Int get() = values.size
    }

    class Bytes(val values: ByteArray) : Stored() {
        override val size: Int get() = values.size
    }

    class Ints(val values: IntArray) : Stored() {
        override val size: Int get() = values.size
    }

    class Longs(val values: LongArray) : Stored() {
        override val size: Int get() = values.size
    }

    class Booleans(val values: BooleanArray) : Stored() {
        override val size: Int get() = values.size
    }
}

/**
 * One input or output of a model: how an app must feed or read it.
 *
 * Where there is a [scale], the real number is `(stored - zeroPoint) * scale`; else what is stored
 * is the number itself.
 *
 * @property name as the model has it.
 * @property shape with the batch of 1.
 * @property scale step of a quantized tensor, or null.
 * @property zeroPoint what stands for 0 in a quantized tensor.
 */
class TensorInfo(
    val name: String,
    val shape: List<Int>,
    val dtype: DType,
    val scale: Float? = null,
    val zeroPoint: Int = 0,
) {
    /** How many numbers it holds. */
    val size: Int = shape.fold(1) { all, side -> all * side }

    /** The smallest and the largest number that an integer type holds. */
    internal val bounds: LongRange
        get() = when (dtype) {
            DType.INT8 -> -128L..127L
            DType.UINT8 -> 0L..255L
            DType.INT32 -> Int.MIN_VALUE.toLong()..Int.MAX_VALUE.toLong()
            DType.UINT32 -> 0L..0xFFFFFFFFL
            DType.INT64 -> Long.MIN_VALUE..Long.MAX_VALUE
            DType.BOOL -> 0L..1L
            DType.FLOAT32 -> error("$name holds no integers.")
        }

    /**
     * Checks that there are as many numbers as the tensor holds: LiteRT does not.
     *
     * @throws IllegalArgumentException there are not.
     */
    fun check(received: Int) {
        require(received == size) {
            "\"$name\" of shape $shape needs $size numbers; received $received."
        }
    }

    /** Little-endian bytes, as files of golden samples hold them, to numbers; and [encode] back. */
    fun decode(bytes: ByteArray, offset: Int): Stored {
        val from = ByteBuffer.wrap(bytes, offset, size * dtype.bytes).order(ByteOrder.LITTLE_ENDIAN)
        return when (dtype) {
            DType.FLOAT32 -> Stored.Floats(FloatArray(size) { from.getFloat() })
            DType.INT8, DType.UINT8 -> Stored.Bytes(ByteArray(size) { from.get() })
            DType.INT32, DType.UINT32 -> Stored.Ints(IntArray(size) { from.getInt() })
            DType.INT64 -> Stored.Longs(LongArray(size) { from.getLong() })
            DType.BOOL -> Stored.Booleans(BooleanArray(size) { from.get() != 0.toByte() })
        }
    }

    /** Numbers to little-endian bytes. */
    fun encode(stored: Stored): ByteArray {
        check(stored.size)
        val to = ByteBuffer.allocate(size * dtype.bytes).order(ByteOrder.LITTLE_ENDIAN)
        when (stored) {
            is Stored.Floats -> stored.values.forEach { to.putFloat(it) }
            is Stored.Bytes -> to.put(stored.values)
            is Stored.Ints -> stored.values.forEach { to.putInt(it) }
            is Stored.Longs -> stored.values.forEach { to.putLong(it) }
            is Stored.Booleans -> stored.values.forEach { to.put((if (it) 1 else 0).toByte()) }
        }
        return to.array()
    }
}
