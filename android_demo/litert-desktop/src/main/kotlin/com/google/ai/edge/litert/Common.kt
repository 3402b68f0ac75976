package com.google.ai.edge.litert

import java.lang.foreign.MemorySegment
import java.util.concurrent.atomic.AtomicBoolean

/** What a model runs on. */
enum class Accelerator private constructor(val value: Int) {
    NONE(0),
    CPU(1),
    GPU(2),
    NPU(3),
}

/** An object of the C library, destroyed once. */
abstract class JniHandle internal constructor(internal val handle: Long) : AutoCloseable {
    private val destroyed = AtomicBoolean(false)

    /** The object, for the C library. */
    internal val opened: MemorySegment
        get() {
            assertNotDestroyed()
            return MemorySegment.ofAddress(handle)
        }

    protected fun assertNotDestroyed() {
        check(!destroyed.get()) { "The handle has been destroyed." }
    }

    protected abstract fun destroy()

    final override fun close() {
        if (destroyed.compareAndSet(false, true)) destroy()
    }
}
