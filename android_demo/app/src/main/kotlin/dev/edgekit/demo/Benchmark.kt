package dev.edgekit.demo

import dev.edgekit.core.Statistics

/**
 * Times of one piece of work, in milliseconds.
 *
 * @property runs how many were timed.
 * @property warmups how many went before, not timed.
 */
class Timing(
    val medianMs: Double,
    val p90Ms: Double,
    val fastestMs: Double,
    val runs: Int,
    val warmups: Int,
)

/** Times work by a clock of nanoseconds; `System.nanoTime` on a phone. */
class Benchmark(private val clock: () -> Long) {
    /**
     * Runs [work] `warmups + runs` times, one after the other.
     *
     * @throws IllegalArgumentException [runs] is not positive.
     */
    fun time(runs: Int, warmups: Int, work: () -> Unit): Timing {
        require(runs > 0 && warmups >= 0) { "A benchmark has runs; received $runs." }
        repeat(warmups) { work() }
        val milliseconds = DoubleArray(runs) {
            val begin = clock()
            work()
            (clock() - begin) / 1e6
        }
        return Timing(
            medianMs = Statistics.median(milliseconds),
            p90Ms = Statistics.percentile(milliseconds, 90.0),
            fastestMs = milliseconds.min(),
            runs = runs,
            warmups = warmups,
        )
    }
}
