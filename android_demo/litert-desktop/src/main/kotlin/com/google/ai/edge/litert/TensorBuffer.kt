package com.google.ai.edge.litert

import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** Memory of one input or output. */
class TensorBuffer internal constructor(handle: Long, private val type: RankedType) :
    JniHandle(handle) {
    fun writeInt(data: IntArray) {
        write(data.size, INT) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_INT, 0, data.size)
        }
    }

    fun writeFloat(data: FloatArray) {
        write(data.size, FLOAT) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_FLOAT, 0, data.size)
        }
    }

    fun writeInt8(data: ByteArray) {
        write(data.size, BYTE) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_BYTE, 0, data.size)
        }
    }

    fun writeBoolean(data: BooleanArray) {
        write(data.size, BOOLEAN) {
            for (i in data.indices) it.set(ValueLayout.JAVA_BOOLEAN, i.toLong(), data[i])
        }
    }

    fun writeLong(data: LongArray) {
        write(data.size, LONG) {
            MemorySegment.copy(data, 0, it, ValueLayout.JAVA_LONG, 0, data.size)
        }
    }

    fun readInt(): IntArray = read(INT, 4) { it.toArray(ValueLayout.JAVA_INT) }

    fun readFloat(): FloatArray = read(FLOAT, 4) { it.toArray(ValueLayout.JAVA_FLOAT) }

    fun readInt8(): ByteArray = read(BYTE, 1) { it.toArray(ValueLayout.JAVA_BYTE) }

    fun readBoolean(): BooleanArray = read(BOOLEAN, 1) { memory ->
        BooleanArray(type.numElements) { memory.get(ValueLayout.JAVA_BOOLEAN, it.toLong()) }
    }

    fun readLong(): LongArray = read(LONG, 8) { it.toArray(ValueLayout.JAVA_LONG) }

    protected override fun destroy() {
        Library.destroy("LiteRtDestroyTensorBuffer", handle)
    }

    private fun write(size: Int, types: Set<Int>, copy: (MemorySegment) -> Unit) {
        check(size == type.numElements && type.element in types) {
            "a buffer of ${type.numElements} of type ${type.element} is written with $size of $types"
        }
        locked(WRITE, size.toLong() * 8, copy)
    }

    private fun <T> read(types: Set<Int>, bytes: Int, copy: (MemorySegment) -> T): T {
        check(type.element in types) { "a buffer of type ${type.element} is read as one of $types" }
        return locked(READ, type.numElements.toLong() * bytes, copy)
    }

    private fun <T> locked(mode: Int, size: Long, body: (MemorySegment) -> T): T {
        val memory = Arena.ofConfined().use { arena ->
            val place = arena.allocate(ValueLayout.ADDRESS)
            Library.call("LiteRtLockTensorBuffer", opened, place, mode)
            place.get(ValueLayout.ADDRESS, 0).reinterpret(size)
        }
        try {
            return body(memory)
        } finally {
            Library.call("LiteRtUnlockTensorBuffer", opened)
        }
    }

    private companion object {
        // LiteRtTensorBufferLockMode.
        const val READ = 0
        const val WRITE = 1

        // Unsigned numbers go with the signed ones of their size.
        val FLOAT = setOf(RankedType.FLOAT)
        val INT = setOf(RankedType.INT32, RankedType.UINT32)
        val BYTE = setOf(RankedType.INT8, RankedType.UINT8)
        val LONG = setOf(RankedType.INT64)
        val BOOLEAN = setOf(RankedType.BOOL)
    }
}
