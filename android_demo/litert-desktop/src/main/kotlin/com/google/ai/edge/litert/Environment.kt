package com.google.ai.edge.litert

import java.lang.foreign.MemorySegment

/** LiteRT's environment. */
class Environment private constructor(handle: Long) : JniHandle(handle) {
    enum class Option private constructor(val value: Int) {
        CompilerPluginLibraryDir(0),
        DispatchLibraryDir(1),
        SystemRuntimeHandle(23),
    }

    /** The Python package's library computes on the CPU. */
    fun getAvailableAccelerators(): Set<Accelerator> {
        assertNotDestroyed()
        return setOf(Accelerator.CPU)
    }

    protected override fun destroy() {
        Library.destroy("LiteRtDestroyEnvironment", handle)
    }

    companion object {
        @JvmOverloads
        @JvmStatic
        fun create(options: Map<Option, String> = mapOf()): Environment {
            require(options.isEmpty()) { "the desktop has none of $options" }
            val made = Library.make("LiteRtCreateEnvironment", 0, MemorySegment.NULL)
            return Environment(made.address())
        }
    }
}
