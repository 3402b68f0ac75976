package dev.edgekit.core

/**
 * One class of an output, with how sure the model is of it.
 *
 * @property index its place in the output.
 * @property label what it is called; the index where the model has no labels.
 * @property score what the output holds there.
 */
data class Classified(val index: Int, val label: String, val score: Float)

/** The best classes of an output. */
object TopK {
    /**
     * The [k] classes with the highest scores, best first; of equal ones the lower index first.
     * NaN comes last.
     *
     * @param scores one a class.
     * @param labels one a class, or none.
     * @param k how many, at most as many as there are.
     * @throws IllegalArgumentException [k] is negative, or there are other labels than scores.
     */
    @JvmStatic
    fun of(scores: FloatArray, labels: List<String>, k: Int): List<Classified> {
        require(k >= 0) { "k must be 0 or more; received $k." }
        require(labels.isEmpty() || labels.size == scores.size) {
            "Each of ${scores.size} scores needs a label; received ${labels.size}."
        }
        val order = scores.indices.sortedWith { a, b ->
            val (x, y) = scores[a] to scores[b]
            when {
                x.isNaN() || y.isNaN() -> x.isNaN().compareTo(y.isNaN())
                x != y -> if (x > y) -1 else 1
                else -> a.compareTo(b)
            }
        }
        return order.take(k).map {
            Classified(it, if (labels.isEmpty()) it.toString() else labels[it], scores[it])
        }
    }
}
