package dev.edgekit.core

import kotlin.math.abs

/**
 * How one output compares with what the host computed.
 *
 * @property worst the largest difference of any number of any sample, in real units; infinite
 *   where only one of the two is a number.
 * @property tolerance what it may be on other kernels than the host's, in real units.
 * @property isExact whether every bit is as the host had it.
 */
class OutputCheck(val name: String, val worst: Float, val tolerance: Float, val isExact: Boolean) {
    /** Whether it is within the tolerance. */
    val passed: Boolean get() = isExact || worst <= tolerance
}

/** What a self-test found, by output. */
class SelfTestReport(val numSamples: Int, val outputs: List<OutputCheck>) {
    /** Whether every output is within its tolerance. */
    val passed: Boolean get() = outputs.all { it.passed }

    /** Whether every bit is as the host had it. */
    val isExact: Boolean get() = outputs.all { it.isExact }

    override fun toString(): String = outputs.joinToString("\n", "$numSamples samples\n") {
        val verdict = if (it.isExact) "bit-exact" else if (it.passed) "within" else "beyond"
        "${it.name}: worst difference ${it.worst}, tolerance ${it.tolerance}: $verdict"
    }
}

/** Replays golden samples: proves that a device computes what the host computed. */
object SelfTest {
    /**
     * Runs every golden sample.
     *
     * @param run takes the inputs by name, and gives the outputs by name.
     */
    @JvmStatic
    fun run(
        samples: GoldenSamples,
        run: (Map<String, Stored>) -> Map<String, Stored>,
    ): SelfTestReport {
        val tensors = samples.layout.tensors.filter { !it.isInput }
        val worst = FloatArray(tensors.size)
        val exact = BooleanArray(tensors.size) { true }
        for (index in 0 until samples.layout.numSamples) {
            val outputs = run(samples.inputs(index))
            for ((place, tensor) in tensors.withIndex()) {
                val info = tensor.info
                val got = outputs.getValue(info.name)
                val expected = samples.stored(tensor, index)
                if (!info.encode(got).contentEquals(info.encode(expected))) exact[place] = false
                worst[place] = maxOf(worst[place], difference(got, expected, info))
            }
        }
        val checks = tensors.indices.map {
            OutputCheck(tensors[it].info.name, worst[it], tensors[it].tolerance, exact[it])
        }
        return SelfTestReport(samples.layout.numSamples, checks)
    }

    private fun difference(got: Stored, expected: Stored, info: TensorInfo): Float {
        val mine = Quantization.real(got, info)
        val other = Quantization.real(expected, info)
        var worst = 0f
        for (i in mine.indices) {
            // Equal infinities, and two NaN, differ by nothing.
            if (mine[i] == other[i] || (mine[i].isNaN() && other[i].isNaN())) continue
            val distance = abs(mine[i] - other[i])
            worst = maxOf(worst, if (distance.isNaN()) Float.POSITIVE_INFINITY else distance)
        }
        return worst
    }
}
