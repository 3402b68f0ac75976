// What LiteRT's interface does not have, and its shim must not either: each line that ends in
// `// refused` is an error to the compiler, and no other line is.

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Environment
import com.google.ai.edge.litert.JniHandle
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.Status
import com.google.ai.edge.litert.TensorBuffer
import com.google.ai.edge.litert.TensorType

fun accepted(model: CompiledModel, path: String): FloatArray {
    val options = CompiledModel.Options(Accelerator.GPU, Accelerator.CPU)
    options.cpuOptions = CompiledModel.CpuOptions(numThreads = 2)
    CompiledModel.create(path, options, null).close()
    CompiledModel.create(path, CompiledModel.Options(setOf(Accelerator.CPU))).close()
    CompiledModel.create(path, optionalEnv = Environment.create()).close()
    val input = model.createInputBuffer("x", "serving_default")
    val output = model.createOutputBuffer("y")
    input.writeFloat(floatArrayOf(1f))
    model.run(mapOf("x" to input), mapOf("y" to output), "serving_default")
    model.run(listOf(input), listOf(output), 0)
    model.run(model.createInputBuffers("a"), "a").forEach(TensorBuffer::close)
    check(model.getInputTensorType("x").elementType == TensorType.ElementType.FLOAT)
    (input as JniHandle).close()
    if (path.isEmpty()) throw LiteRtException(Status.ErrorNotFound, path)
    return output.readFloat()
}

fun refused(model: CompiledModel, buffer: TensorBuffer, status: Int) {
    model.createInputBuffer("x", null) // refused
    model.createOutputBuffer("y", null) // refused
    model.createInputBuffer(0) // refused
    model.createInputBuffers(null) // refused
    model.run(mapOf("x" to buffer), mapOf("y" to buffer), null) // refused
    model.run(mapOf("x" to buffer)) // refused
    model.run(buffer, buffer) // refused
    model.run() // refused
    model.destroy() // refused
    model.handle // refused
    model.file // refused
    buffer.destroy() // refused
    buffer.opened // refused
    buffer.assertNotDestroyed() // refused
    buffer.readUInt8() // refused
    buffer.writeFloat(listOf(1f)) // refused
    buffer.writeInt8(intArrayOf(1)) // refused
    buffer.size // refused
    TensorBuffer(0L) // refused
    Environment() // refused
    Environment.create(0) // refused
    CompiledModel.create(null) // refused
    CompiledModel.create("x", Accelerator.CPU) // refused
    CompiledModel.Options(Accelerator.CPU).accelerators // refused
    CompiledModel.Options(Accelerator.CPU).bits // refused
    CompiledModel.Options("CPU") // refused
    CompiledModel.CpuOptions(threads = 2) // refused
    CompiledModel.CpuOptions(2).numThreads = 3 // refused
    LiteRtException("message") // refused
    LiteRtException(status, "message").status // refused
    Accelerator.DSP // refused
    Accelerator.of(1) // refused
    com.google.ai.edge.litert.Library.free // refused
    com.google.ai.edge.litert.RankedType.BYTES // refused
}

class Own : JniHandle(1L) { // refused
    override fun destroy() = Unit
}

class Closed(buffer: TensorBuffer) : AutoCloseable by buffer

fun accepted(buffer: TensorBuffer) = Closed(buffer).close()
