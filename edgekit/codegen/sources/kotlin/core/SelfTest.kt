package dev.edgekit.core

import kotlin.math.abs
import kotlin.math.sqrt

/**
 * How far an output may be from the host's on other kernels, over all golden samples: measured when
 * the bundle was made.
 *
 * @property worst any number, in real units.
 * @property rms the root mean square of all, in real units.
 * @property agreement the least share of samples whose largest number stands at the host's place;
 *   null for outputs that are no classes.
 */
class Tolerance(val worst: Double, val rms: Double, val agreement: Double? = null)

/**
 * How one output compares with what the host computed.
 *
 * @property worst the largest difference of any number of any sample, in real units; infinite
 *   where only one of the two is a number.
 * @property rms the root mean square of all differences, in real units.
 * @property agreement the share of samples whose largest number stands at the host's place.
 * @property allowed what each of them may be.
 * @property isExact whether every bit is as the host had it.
 */
class OutputCheck(
    val name: String,
    val worst: Double,
    val rms: Double,
    val agreement: Double,
    val allowed: Tolerance,
    val isExact: Boolean,
) {
    /** What [worst] may be. */
    val tolerance: Double get() = allowed.worst

    /** Whether all of it is within the tolerances. */
    val passed: Boolean
        get() = worst <= allowed.worst && rms <= allowed.rms &&
            agreement >= (allowed.agreement ?: 0.0)

    override fun toString(): String {
        val verdict = if (isExact) "bit-exact" else if (passed) "within" else "beyond"
        val tops = allowed.agreement?.let { ", top-1 agreement $agreement, at least $it" } ?: ""
        return "$name: worst difference $worst, tolerance $tolerance, root mean square $rms, " +
            "tolerance ${allowed.rms}$tops: $verdict"
    }
}

/**
 * What a self-test found.
 *
 * @property outputs each output's comparison.
 * @property problems sentences: a file, labels or a preprocessing that are not those of the host.
 */
class SelfTestReport(
    val numSamples: Int,
    val outputs: List<OutputCheck>,
    val problems: List<String> = emptyList(),
) {
    /** Whether there is no problem and every output is within its tolerances. */
    val passed: Boolean
        get() = numSamples > 0 && outputs.isNotEmpty() && problems.isEmpty() &&
            outputs.all { it.passed }

    /** Whether nothing differs from the host at all. */
    val isExact: Boolean get() = passed && outputs.all { it.isExact }

    override fun toString(): String =
        (outputs + problems).joinToString("\n", "$numSamples samples\n")
}

/** Replays golden samples: proves that a device computes what the host computed. */
object SelfTest {
    /**
     * Runs every golden sample.
     *
     * @param problems what was found before: it is in the report.
     * @param run takes the inputs by name, and gives the outputs by name.
     */
    @JvmStatic
    @JvmOverloads
    fun run(
        samples: GoldenSamples,
        problems: List<String> = emptyList(),
        run: (Map<String, Stored>) -> Map<String, Stored>,
    ): SelfTestReport {
        val tensors = samples.layout.tensors.filter { !it.isInput }
        val tallies = tensors.map { Tally(it) }
        for (index in 0 until samples.layout.numSamples) {
            val outputs = run(samples.inputs(index))
            for (tally in tallies) {
                val tensor = tally.tensor
                tally.add(outputs.getValue(tensor.info.name), samples.stored(tensor, index))
            }
        }
        return SelfTestReport(samples.layout.numSamples, tallies.map { it.check() }, problems)
    }

    private class Tally(val tensor: GoldenTensor) {
        private var worst = 0.0
        private var squares = 0.0
        private var numbers = 0
        private var samples = 0
        private var agreeing = 0
        private var exact = true

        fun add(got: Stored, expected: Stored) {
            val info = tensor.info
            if (!info.encode(got).contentEquals(info.encode(expected))) exact = false
            val mine = Quantization.real(got, info)
            val host = Quantization.real(expected, info)
            for (i in mine.indices) {
                val distance = distance(mine[i], host[i])
                worst = maxOf(worst, distance)
                squares += distance * distance
            }
            numbers += mine.size
            samples++
            if (top(mine) == top(host)) agreeing++
        }

        fun check() = OutputCheck(
            tensor.info.name, worst, sqrt(squares / maxOf(1, numbers)),
            agreeing.toDouble() / maxOf(1, samples), tensor.tolerance, exact,
        )

        // Equal infinities, and two NaN, differ by nothing.
        private fun distance(mine: Float, host: Float): Double {
            if (mine == host || (mine.isNaN() && host.isNaN())) return 0.0
            val distance = abs(mine.toDouble() - host.toDouble())
            return if (distance.isNaN()) Double.POSITIVE_INFINITY else distance
        }

        private fun top(values: FloatArray): Int {
            var best = 0
            for (i in values.indices) if (values[i] > values[best]) best = i
            return best
        }
    }
}
