package com.google.ai.edge.litert

import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** A model that is ready to run. */
class CompiledModel
private constructor(
    handle: Long,
    private val file: MemorySegment,
    private val env: Environment,
    private val envManaged: Boolean,
) : JniHandle(handle) {
    private val signatures = List(Library.count("LiteRtGetNumModelSignatures", file)) {
        Signature(file, it.toLong())
    }

    /** How the CPU computes. */
    data class CpuOptions
    constructor(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    /** What a model runs on, and how. */
    class Options constructor(internal val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null

        companion object {
            @JvmStatic val CPU: Options = Options(Accelerator.CPU)
        }
    }

    fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer {
        val chosen = signature(signature)
        return buffer(chosen, chosen.inputs, chosen.inputs.index(inputName))
    }

    fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer {
        val chosen = signature(signature)
        return buffer(chosen, chosen.outputs, chosen.outputs.index(outputName))
    }

    @JvmOverloads
    fun createInputBuffers(signatureIndex: Int = 0): List<TensorBuffer> =
        buffers(signatures[signatureIndex], signatures[signatureIndex].inputs)

    fun createInputBuffers(signature: String): List<TensorBuffer> =
        buffers(signature(signature), signature(signature).inputs)

    @JvmOverloads
    fun createOutputBuffers(signatureIndex: Int = 0): List<TensorBuffer> =
        buffers(signatures[signatureIndex], signatures[signatureIndex].outputs)

    fun createOutputBuffers(signature: String): List<TensorBuffer> =
        buffers(signature(signature), signature(signature).outputs)

    fun getInputTensorType(inputName: String, signature: String = ""): TensorType =
        type(signature(signature).inputs, inputName)

    fun getOutputTensorType(outputName: String, signature: String = ""): TensorType =
        type(signature(signature).outputs, outputName)

    @JvmOverloads
    fun run(inputs: List<TensorBuffer>, signatureIndex: Int = 0): List<TensorBuffer> =
        createOutputBuffers(signatureIndex).also { run(inputs, it, signatureIndex) }

    fun run(inputs: List<TensorBuffer>, signature: String): List<TensorBuffer> =
        createOutputBuffers(signature).also { run(inputs, it, signature) }

    @JvmOverloads
    fun run(inputs: List<TensorBuffer>, outputs: List<TensorBuffer>, signatureIndex: Int = 0) {
        run(signatures[signatureIndex], inputs, outputs)
    }

    fun run(inputs: List<TensorBuffer>, outputs: List<TensorBuffer>, signature: String) {
        run(signature(signature), inputs, outputs)
    }

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String = "",
    ) {
        val chosen = signature(signature)
        fun ordered(side: Side, buffers: Map<String, TensorBuffer>): List<TensorBuffer> {
            require(buffers.keys == side.names.toSet()) { "a buffer for each of ${side.names}" }
            return side.names.map(buffers::getValue)
        }
        run(chosen, ordered(chosen.inputs, inputs), ordered(chosen.outputs, outputs))
    }

    override fun destroy() {
        Library.destroy("LiteRtDestroyCompiledModel", handle)
        Library.destroy("LiteRtDestroyModel", file.address())
        if (envManaged) env.close()
    }

    /** The signature of a key; without a key the first. */
    private fun signature(key: String): Signature {
        assertNotDestroyed()
        if (key.isEmpty()) return signatures.first()
        return signatures.firstOrNull { it.key == key }
            ?: throw LiteRtException(Status.ErrorNotFound, "no signature $key")
    }

    private fun type(side: Side, name: String): TensorType =
        side.type(side.index(name)) { _, type -> type.published() }

    private fun buffers(signature: Signature, side: Side): List<TensorBuffer> =
        side.names.indices.map { buffer(signature, side, it) }

    private fun buffer(signature: Signature, side: Side, index: Int): TensorBuffer =
        side.type(index) { native, type ->
            val needs = Library.make(
                "LiteRtGetCompiledModel${side.kind}BufferRequirements",
                opened, signature.index, index.toLong(),
            )
            val made = Library.make(
                "LiteRtCreateManagedTensorBufferFromRequirements", env.opened, native, needs,
            )
            TensorBuffer(made.address(), type)
        }

    private fun run(signature: Signature, inputs: List<TensorBuffer>, outputs: List<TensorBuffer>) {
        Arena.ofConfined().use { arena ->
            fun array(buffers: List<TensorBuffer>): MemorySegment {
                val array = arena.allocate(ValueLayout.ADDRESS, buffers.size.toLong())
                for ((i, buffer) in buffers.withIndex()) {
                    array.setAtIndex(ValueLayout.ADDRESS, i.toLong(), buffer.opened)
                }
                return array
            }
            Library.call(
                "LiteRtRunCompiledModel", opened, signature.index,
                inputs.size.toLong(), array(inputs), outputs.size.toLong(), array(outputs),
            )
        }
    }

    companion object {
        @JvmOverloads
        @JvmStatic
        fun create(
            filePath: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel {
            val env = optionalEnv ?: Environment.create()
            val file = Arena.ofConfined().use {
                Library.make("LiteRtCreateModelFromFile", env.opened, it.allocateFrom(filePath))
            }
            val native = Library.make("LiteRtCreateOptions")
            try {
                // LiteRtHwAcceleratorSet: a bit for each.
                val bits = options.accelerators.fold(0) { all, one -> all or (1 shl one.value shr 1) }
                Library.call("LiteRtSetOptionsHardwareAccelerators", native, bits)
                options.cpuOptions?.numThreads?.let { addThreads(native, it) }
                val made = Library.make("LiteRtCreateCompiledModel", env.opened, file, native)
                return CompiledModel(made.address(), file, env, envManaged = optionalEnv == null)
            } finally {
                Library.destroy("LiteRtDestroyOptions", native.address())
            }
        }

        private fun addThreads(options: MemorySegment, numThreads: Int) {
            val opaque = Library.make(
                "LiteRtCreateOpaqueOptions",
                Arena.global().allocateFrom("xnnpack"),
                Library.owned("num_threads = $numThreads\n"),
                Library.free,
            )
            Library.call("LiteRtAddOpaqueOptions", options, opaque)
        }
    }
}
