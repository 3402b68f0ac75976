package com.google.ai.edge.litert

import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.MemoryLayout
import java.lang.foreign.MemorySegment
import java.lang.foreign.SymbolLookup
import java.lang.foreign.ValueLayout
import java.lang.invoke.MethodHandle
import java.nio.file.Path

/** LiteRT's C library, named by the system property `litert.library`. */
internal object Library {
    private val linker = Linker.nativeLinker()
    private val symbols = SymbolLookup.libraryLookup(
        Path.of(System.getProperty("litert.library") ?: error("-Dlitert.library=PATH is not set")),
        Arena.global(),
    )
    private val functions = HashMap<String, MethodHandle>()

    /** `free` of the C library, for memory that LiteRT gives back by itself. */
    val free: MemorySegment = linker.defaultLookup().findOrThrow("free")

    /**
     * Calls a function that returns a status.
     *
     * @throws LiteRtException the status is not that of success.
     */
    fun call(name: String, vararg arguments: Any) {
        val status = invoke(name, ValueLayout.JAVA_INT, arguments) as Int
        if (status != 0) throw LiteRtException(status, "$name returned status $status")
    }

    /** Calls a function that destroys the object at an address. */
    fun destroy(name: String, handle: Long) {
        invoke(name, null, arrayOf(MemorySegment.ofAddress(handle)))
    }

    /** Calls a function whose last argument is where to put a pointer; returns that pointer. */
    fun make(name: String, vararg arguments: Any): MemorySegment = Arena.ofConfined().use { arena ->
        val place = arena.allocate(ValueLayout.ADDRESS)
        call(name, *arguments, place)
        place.get(ValueLayout.ADDRESS, 0)
    }

    /** What a function counts, whose last argument is where to put the number. */
    fun count(name: String, vararg arguments: Any): Int = Arena.ofConfined().use { arena ->
        val place = arena.allocate(ValueLayout.JAVA_LONG)
        call(name, *arguments, place)
        place.get(ValueLayout.JAVA_LONG, 0).toInt()
    }

    /** The text that a function gives, whose last argument is where to put its address. */
    fun text(name: String, vararg arguments: Any): String =
        make(name, *arguments).reinterpret(Long.MAX_VALUE).getString(0)

    /** Text in memory that [free] gives back. */
    fun owned(value: String): MemorySegment {
        val bytes = value.toByteArray()
        val allocate = linker.downcallHandle(
            linker.defaultLookup().findOrThrow("malloc"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
        )
        val made = allocate.invokeWithArguments(bytes.size + 1L) as MemorySegment
        val memory = made.reinterpret(bytes.size + 1L)
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.size)
        memory.set(ValueLayout.JAVA_BYTE, bytes.size.toLong(), 0)
        return memory
    }

    private fun invoke(name: String, result: MemoryLayout?, arguments: Array<out Any>): Any? {
        val function = synchronized(functions) {
            functions.getOrPut(name) {
                val types = arguments.map { layout(it) }.toTypedArray()
                val descriptor =
                    if (result == null) FunctionDescriptor.ofVoid(*types)
                    else FunctionDescriptor.of(result, *types)
                linker.downcallHandle(symbols.findOrThrow(name), descriptor)
            }
        }
        return function.invokeWithArguments(*arguments)
    }

    private fun layout(argument: Any): MemoryLayout = when (argument) {
        is MemorySegment -> ValueLayout.ADDRESS
        is Long -> ValueLayout.JAVA_LONG
        is Int -> ValueLayout.JAVA_INT
        else -> error("no C type for $argument")
    }
}
