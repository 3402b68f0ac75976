package dev.edgekit.core

import kotlin.math.abs
import kotlin.math.sqrt

/**
 * How far some columns of an output's last axis may be from the host's: from [start] on, below
 * [stop].
 *
 * @property worst any number, in real units.
 * @property rms the root mean square of all, in real units.
 */
class ColumnTolerance(val start: Int, val stop: Int, val worst: Double, val rms: Double)

/**
 * How far an output may be from the host's on other kernels, over all golden samples: measured when
 * the bundle was made.
 *
 * @property worst any number, in real units.
 * @property rms the root mean square of all, in real units.
 * @property agreement the least share of decisions that are the host's; null for outputs that decide
 *   nothing.
 * @property threshold above which a number is a yes; null where the largest number along the last
 *   axis is what the output decides.
 * @property columns the same for columns with units of their own; empty where all have one.
 */
class Tolerance(
    val worst: Double,
    val rms: Double,
    val agreement: Double? = null,
    val threshold: Double? = null,
    val columns: List<ColumnTolerance> = emptyList(),
)

/**
 * How one output, or some columns of it, compares with what the host computed.
 *
 * @property worst the largest difference of any number of any sample, in real units; infinite
 *   where only one of the two is a number.
 * @property rms the root mean square of all differences, in real units.
 * @property agreement the share of decisions that are the host's, by the output's tolerance.
 * @property allowed what each of them may be.
 * @property isExact whether every bit is as the host had it.
 * @property columns which of the last axis are compared; null for all of them.
 */
class OutputCheck(
    val name: String,
    val worst: Double,
    val rms: Double,
    val agreement: Double,
    val allowed: Tolerance,
    val isExact: Boolean,
    val columns: IntRange? = null,
) {
    /** What [worst] may be. */
    val tolerance: Double get() = allowed.worst

    /** Whether all of it is within the tolerances. */
    val passed: Boolean
        get() = worst <= allowed.worst && rms <= allowed.rms &&
            agreement >= (allowed.agreement ?: 0.0)

    override fun toString(): String {
        val verdict = if (isExact) "bit-exact" else if (passed) "within" else "beyond"
        val what = columns?.let { "$name, columns ${it.first} to ${it.last}" } ?: name
        val alike = allowed.agreement?.let { ", agreement $agreement, at least $it" } ?: ""
        return "$what: worst difference $worst, tolerance $tolerance, root mean square $rms, " +
            "tolerance ${allowed.rms}$alike: $verdict"
    }
}

/**
 * What a self-test found.
 *
 * @property outputs the comparison of each output, or of each group of its columns.
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
        val tallies = tensors.flatMap { tensor ->
            tensor.tolerance.columns.map { Tally(tensor, it) }.ifEmpty { listOf(Tally(tensor)) }
        }
        for (index in 0 until samples.layout.numSamples) {
            val outputs = run(samples.inputs(index))
            for (tally in tallies) {
                val tensor = tally.tensor
                tally.add(outputs.getValue(tensor.info.name), samples.stored(tensor, index))
            }
        }
        return SelfTestReport(samples.layout.numSamples, tallies.map { it.check() }, problems)
    }

    private class Tally(val tensor: GoldenTensor, val columns: ColumnTolerance? = null) {
        private val width = maxOf(1, tensor.info.shape.lastOrNull() ?: 1)
        private val allowed =
            columns?.let { Tolerance(it.worst, it.rms) } ?: tensor.tolerance
        private var worst = 0.0
        private var squares = 0.0
        private var numbers = 0
        private var decisions = 0
        private var agreeing = 0
        private var exact = true

        fun add(got: Stored, expected: Stored) {
            val info = tensor.info
            if (!info.encode(got).contentEquals(info.encode(expected))) exact = false
            val mine = Quantization.real(got, info)
            val host = Quantization.real(expected, info)
            for (i in mine.indices) {
                if (columns != null && i % width !in columns.start until columns.stop) continue
                val distance = distance(mine[i], host[i])
                worst = maxOf(worst, distance)
                squares += distance * distance
                numbers++
            }
            if (allowed.agreement != null) decide(mine, host, allowed.threshold)
        }

        fun check() = OutputCheck(
            tensor.info.name, worst, sqrt(squares / maxOf(1, numbers)),
            agreeing.toDouble() / maxOf(1, decisions), allowed, exact,
            columns?.let { it.start until it.stop },
        )

        private fun decide(mine: FloatArray, host: FloatArray, threshold: Double?) {
            val step = if (threshold == null) width else 1
            for (i in mine.indices step step) {
                val same = if (threshold == null) {
                    top(mine, i) == top(host, i)
                } else {
                    (mine[i] > threshold) == (host[i] > threshold)
                }
                decisions++
                if (same) agreeing++
            }
        }

        // Equal infinities, and two NaN, differ by nothing.
        private fun distance(mine: Float, host: Float): Double {
            if (mine == host || (mine.isNaN() && host.isNaN())) return 0.0
            val distance = abs(mine.toDouble() - host.toDouble())
            return if (distance.isNaN()) Double.POSITIVE_INFINITY else distance
        }

        private fun top(values: FloatArray, first: Int): Int {
            var best = first
            for (i in first until first + width) if (values[i] > values[best]) best = i
            return best
        }
    }
}
