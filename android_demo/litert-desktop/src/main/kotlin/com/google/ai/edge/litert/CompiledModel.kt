package com.google.ai.edge.litert

import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** A model that is ready to run: its first signature. */
class CompiledModel private constructor(
    private val environment: Environment,
    private val model: MemorySegment,
    private val handle: MemorySegment,
) : AutoCloseable {
    private val signature = Library.make("LiteRtGetModelSignature", model, 0L)
    private val inputs = names("Input")
    private val outputs = names("Output")
    private var isClosed = false

    /** How the CPU computes. */
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    /** What a model runs on, and how. */
    class Options(vararg accelerators: Accelerator) {
        internal val bits: Int = accelerators.fold(0) { bits, one -> bits or one.bits }
        var cpuOptions: CpuOptions? = null

        companion object {
            @JvmStatic val CPU = Options(Accelerator.CPU)
        }
    }

    fun createInputBuffer(inputName: String, signature: String? = null): TensorBuffer =
        buffer("Input", inputs, inputName, signature)

    fun createOutputBuffer(outputName: String, signature: String? = null): TensorBuffer =
        buffer("Output", outputs, outputName, signature)

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String? = null,
    ) {
        check(!isClosed && signature == null) { "a model that is open, and its first signature" }
        require(inputs.keys == this.inputs.toSet() && outputs.keys == this.outputs.toSet()) {
            "a buffer for each of ${this.inputs} and ${this.outputs}"
        }
        Arena.ofConfined().use { arena ->
            fun handles(names: List<String>, buffers: Map<String, TensorBuffer>): MemorySegment {
                val array = arena.allocate(ValueLayout.ADDRESS, names.size.toLong())
                for ((i, name) in names.withIndex()) {
                    val buffer = buffers.getValue(name).opened()
                    array.setAtIndex(ValueLayout.ADDRESS, i.toLong(), buffer)
                }
                return array
            }
            Library.call(
                "LiteRtRunCompiledModel", handle, 0L,
                inputs.size.toLong(), handles(this.inputs, inputs),
                outputs.size.toLong(), handles(this.outputs, outputs),
            )
        }
    }

    override fun close() {
        if (isClosed) return
        isClosed = true
        Library.destroy("LiteRtDestroyCompiledModel", handle)
        Library.destroy("LiteRtDestroyModel", model)
        environment.close()
    }

    private fun names(side: String): List<String> = Arena.ofConfined().use { arena ->
        val count = arena.allocate(ValueLayout.JAVA_LONG)
        Library.call("LiteRtGetNumSignature${side}s", signature, count)
        List(count.get(ValueLayout.JAVA_LONG, 0).toInt()) {
            val name = Library.make("LiteRtGetSignature${side}Name", signature, it.toLong())
            name.reinterpret(Long.MAX_VALUE).getString(0)
        }
    }

    private fun buffer(
        side: String,
        names: List<String>,
        name: String,
        key: String?,
    ): TensorBuffer {
        check(!isClosed && key == null) { "a model that is open, and its first signature" }
        val index = names.indexOf(name).toLong()
        if (index < 0) throw LiteRtException("no ${side.lowercase()} $name among $names")
        return Arena.ofConfined().use { arena ->
            val tensor = Library.make("LiteRtGetSignature${side}TensorByIndex", signature, index)
            val type = arena.allocate(TYPE_BYTES, 8)
            Library.call("LiteRtGetRankedTensorType", tensor, type)
            val needs =
                Library.make("LiteRtGetCompiledModel${side}BufferRequirements", handle, 0L, index)
            val made = Library.make(
                "LiteRtCreateManagedTensorBufferFromRequirements", environment.handle, type, needs,
            )
            // The element type, then the rank in seven bits, then the sizes.
            val rank = type.get(ValueLayout.JAVA_INT, 4) and 127
            val sizes = (0 until rank).map { type.get(ValueLayout.JAVA_INT, 8L + 4 * it) }
            val numElements = sizes.fold(1) { all, one -> all * one }
            TensorBuffer(made, type.get(ValueLayout.JAVA_INT, 0), numElements)
        }
    }

    companion object {
        /** More than any version's `LiteRtRankedTensorType` has. */
        private const val TYPE_BYTES = 256L

        @JvmStatic
        fun create(
            filePath: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel {
            require(optionalEnv == null) { "an environment of its own for each model" }
            val environment = Environment.create()
            val model = Arena.ofConfined().use {
                val path = it.allocateFrom(filePath)
                Library.make("LiteRtCreateModelFromFile", environment.handle, path)
            }
            val native = Library.make("LiteRtCreateOptions")
            try {
                Library.call("LiteRtSetOptionsHardwareAccelerators", native, options.bits)
                options.cpuOptions?.numThreads?.let { addThreads(native, it) }
                val handle =
                    Library.make("LiteRtCreateCompiledModel", environment.handle, model, native)
                return CompiledModel(environment, model, handle)
            } finally {
                Library.destroy("LiteRtDestroyOptions", native)
            }
        }

        private fun addThreads(options: MemorySegment, numThreads: Int) {
            val opaque = Library.make(
                "LiteRtCreateOpaqueOptions",
                Arena.global().allocateFrom("xnnpack"),
                Library.text("num_threads = $numThreads\n"),
                Library.free,
            )
            Library.call("LiteRtAddOpaqueOptions", options, opaque)
        }
    }
}
