package dev.edgekit.core

import kotlin.math.floor

/** Statistics of timings, computed as NumPy does on the host. */
object Statistics {
    /**
     * The value in the middle; of an even number, the mean of the two there.
     *
     * @throws IllegalArgumentException there are no values.
     */
    @JvmStatic
    fun median(values: DoubleArray): Double {
        require(values.isNotEmpty()) { "A median needs values." }
        val sorted = values.sortedArray()
        val middle = sorted.size / 2
        if (sorted.size % 2 == 1) return sorted[middle]
        return (sorted[middle - 1] + sorted[middle]) / 2
    }

    /**
     * The value that [percent] of the values are below, interpolated between its neighbours:
     * NumPy's `percentile` with its method `linear`.
     *
     * @param percent 0 to 100.
     * @throws IllegalArgumentException there are no values, or [percent] is no percentage.
     */
    @JvmStatic
    fun percentile(values: DoubleArray, percent: Double): Double {
        require(values.isNotEmpty() && percent in 0.0..100.0) {
            "A percentile must be from 0 to 100; received $percent of ${values.size} values."
        }
        val sorted = values.sortedArray()
        val place = percent / 100 * (sorted.size - 1)
        val below = floor(place).toInt()
        val above = minOf(below + 1, sorted.size - 1)
        val part = place - below
        val step = sorted[above] - sorted[below]
        // From the nearer neighbour, so that the end is met exactly.
        return if (part < 0.5) sorted[below] + step * part else sorted[above] - step * (1 - part)
    }
}
