package com.google.ai.edge.litert

import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** One signature of a model's file. */
internal class Signature(file: MemorySegment, val index: Long) {
    private val handle = Library.make("LiteRtGetModelSignature", file, index)
    val key = Library.text("LiteRtGetSignatureKey", handle)
    val inputs = Side(handle, "Input")
    val outputs = Side(handle, "Output")
}

/** The inputs or the outputs of a signature; [kind] is how functions of the C library name them. */
internal class Side(private val signature: MemorySegment, val kind: String) {
    val names = List(Library.count("LiteRtGetNumSignature${kind}s", signature)) {
        Library.text("LiteRtGetSignature${kind}Name", signature, it.toLong())
    }

    fun index(name: String): Int {
        val index = names.indexOf(name)
        if (index >= 0) return index
        throw LiteRtException(Status.ErrorNotFound, "no ${kind.lowercase()} $name among $names")
    }

    /** Calls [body] with the C library's type of a tensor, and what it says. */
    fun <T> type(index: Int, body: (MemorySegment, RankedType) -> T): T =
        Arena.ofConfined().use { arena ->
            val tensor =
                Library.make("LiteRtGetSignature${kind}TensorByIndex", signature, index.toLong())
            val place = arena.allocate(RankedType.BYTES, 8)
            Library.call("LiteRtGetRankedTensorType", tensor, place)
            body(place, RankedType(place))
        }
}

/** An element type, then the rank in seven bits, then the sizes. */
internal class RankedType(place: MemorySegment) {
    val element = place.get(ValueLayout.JAVA_INT, 0)
    val sizes = List(place.get(ValueLayout.JAVA_INT, 4) and 127) {
        place.get(ValueLayout.JAVA_INT, 8L + 4 * it)
    }
    val numElements = sizes.fold(1) { all, one -> all * one }

    fun published(): TensorType {
        val type = when (element) {
            FLOAT -> TensorType.ElementType.FLOAT
            INT32 -> TensorType.ElementType.INT
            INT64 -> TensorType.ElementType.INT64
            BOOL -> TensorType.ElementType.BOOLEAN
            INT8 -> TensorType.ElementType.INT8
            else -> throw LiteRtException(Status.ErrorUnsupported, "element type $element")
        }
        return TensorType(type, TensorType.Layout(sizes))
    }

    companion object {
        /** More than any version's `LiteRtRankedTensorType` has. */
        const val BYTES = 256L

        // LiteRtElementType.
        const val FLOAT = 1
        const val INT32 = 2
        const val UINT8 = 3
        const val INT64 = 4
        const val BOOL = 6
        const val INT8 = 9
        const val UINT32 = 16
    }
}
