package dev.edgekit.PACKAGE

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.TensorBuffer
import dev.edgekit.core.DType
import dev.edgekit.core.Stored
import dev.edgekit.core.TensorInfo

/**
 * A model in LiteRT, with its buffers: made once, used for every run.
 *
 * It belongs to one thread at a time, as LiteRT's own objects do.
 */
internal class Engine(
    path: String,
    private val inputs: List<TensorInfo>,
    private val outputs: List<TensorInfo>,
    accelerator: Accelerator,
    numThreads: Int,
) : AutoCloseable {
    private val model: CompiledModel
    private val inputBuffers = LinkedHashMap<String, TensorBuffer>()
    private val outputBuffers = LinkedHashMap<String, TensorBuffer>()
    private var isClosed = false

    init {
        require(numThreads > 0) { "A model needs a thread; received $numThreads." }
        // The CPU computes what another accelerator cannot.
        val options = CompiledModel.Options(accelerator, Accelerator.CPU)
        options.cpuOptions = CompiledModel.CpuOptions(numThreads = numThreads)
        model = CompiledModel.create(path, options)
        try {
            // By name: the order of a signature is not that of the contract.
            for (info in inputs) inputBuffers[info.name] = model.createInputBuffer(info.name)
            for (info in outputs) outputBuffers[info.name] = model.createOutputBuffer(info.name)
        } catch (error: Exception) {
            close()
            throw error
        }
    }

    /** Computes; the results are in the buffers when it returns, on the CPU at least. */
    fun run() {
        check(!isClosed) { "The model is closed." }
        model.run(inputBuffers, outputBuffers)
    }

    /** Sets an input. */
    fun write(info: TensorInfo, stored: Stored) {
        check(!isClosed) { "The model is closed." }
        info.check(stored.size)
        val buffer = inputBuffers.getValue(info.name)
        when (stored) {
            is Stored.Floats -> buffer.writeFloat(stored.values)
            is Stored.Bytes -> buffer.writeInt8(stored.values)
            is Stored.Ints -> buffer.writeInt(stored.values)
            is Stored.Longs -> buffer.writeLong(stored.values)
            is Stored.Booleans -> buffer.writeBoolean(stored.values)
        }
    }

    /** An output of the last run. */
    fun read(info: TensorInfo): Stored {
        check(!isClosed) { "The model is closed." }
        val buffer = outputBuffers.getValue(info.name)
        val stored = when (info.dtype) {
            DType.FLOAT32 -> Stored.Floats(buffer.readFloat())
            DType.INT8, DType.UINT8 -> Stored.Bytes(buffer.readInt8())
            DType.INT32, DType.UINT32 -> Stored.Ints(buffer.readInt())
            DType.INT64 -> Stored.Longs(buffer.readLong())
            DType.BOOL -> Stored.Booleans(buffer.readBoolean())
        }
        info.check(stored.size)
        return stored
    }

    /** Runs with inputs as the model stores them, by name; gives all outputs by name. */
    fun run(stored: Map<String, Stored>): Map<String, Stored> {
        for (info in inputs) write(info, stored.getValue(info.name))
        run()
        return outputs.associate { it.name to read(it) }
    }

    /** Gives back LiteRT's memory. A second time does nothing. */
    override fun close() {
        if (isClosed) return
        isClosed = true
        for (buffer in inputBuffers.values + outputBuffers.values) buffer.close()
        model.close()
    }
}
