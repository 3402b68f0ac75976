package com.google.ai.edge.litert

import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** Memory of one input or output. */
class TensorBuffer internal constructor(
    private val handle: MemorySegment,
    private val elementType: Int,
    private val numElements: Int,
) : AutoCloseable {
    private var isClosed = false

    fun writeFloat(data: FloatArray) =
        write(data.size, FLOAT) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_FLOAT, 0, data.size)
        }

    fun writeInt(data: IntArray) =
        write(data.size, INT) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_INT, 0, data.size)
        }

    fun writeInt8(data: ByteArray) =
        write(data.size, BYTE) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_BYTE, 0, data.size)
        }

    fun writeLong(data: LongArray) =
        write(data.size, LONG) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_LONG, 0, data.size)
        }

    fun writeBoolean(data: BooleanArray) = write(data.size, BOOLEAN) {
        for (i in data.indices) it.set(ValueLayout.JAVA_BOOLEAN, i.toLong(), data[i])
    }

    fun readFloat(): FloatArray = read(FLOAT, 4) { it.toArray(ValueLayout.JAVA_FLOAT) }

    fun readInt(): IntArray = read(INT, 4) { it.toArray(ValueLayout.JAVA_INT) }

    fun readInt8(): ByteArray = read(BYTE, 1) { it.toArray(ValueLayout.JAVA_BYTE) }

    fun readLong(): LongArray = read(LONG, 8) { it.toArray(ValueLayout.JAVA_LONG) }

    fun readBoolean(): BooleanArray = read(BOOLEAN, 1) { memory ->
        BooleanArray(numElements) { memory.get(ValueLayout.JAVA_BOOLEAN, it.toLong()) }
    }

    override fun close() {
        if (!isClosed) Library.destroy("LiteRtDestroyTensorBuffer", handle)
        isClosed = true
    }

    internal fun opened(): MemorySegment {
        check(!isClosed) { "The handle has been destroyed." }
        return handle
    }

    private fun write(size: Int, types: Set<Int>, copy: (MemorySegment) -> Unit) {
        check(size == numElements && elementType in types) {
            "a buffer of $numElements of type $elementType is written with $size of $types"
        }
        locked(WRITE, size.toLong() * 8, copy)
    }

    private fun <T> read(types: Set<Int>, bytes: Int, copy: (MemorySegment) -> T): T {
        check(elementType in types) { "a buffer of type $elementType is read as one of $types" }
        return locked(READ, numElements.toLong() * bytes, copy)
    }

    private fun <T> locked(mode: Int, size: Long, body: (MemorySegment) -> T): T {
        val memory = java.lang.foreign.Arena.ofConfined().use { arena ->
            val place = arena.allocate(ValueLayout.ADDRESS)
            Library.call("LiteRtLockTensorBuffer", opened(), place, mode)
            place.get(ValueLayout.ADDRESS, 0).reinterpret(size)
        }
        try {
            return body(memory)
        } finally {
            Library.call("LiteRtUnlockTensorBuffer", handle)
        }
    }

    private companion object {
        const val READ = 0
        const val WRITE = 1

        // LiteRtElementType: unsigned numbers go with the signed ones of their size.
        val FLOAT = setOf(1)
        val INT = setOf(2, 16)
        val BYTE = setOf(9, 3)
        val LONG = setOf(4)
        val BOOLEAN = setOf(6)
    }
}
