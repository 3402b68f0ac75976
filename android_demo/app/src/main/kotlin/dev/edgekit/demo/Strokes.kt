package dev.edgekit.demo

import dev.edgekit.core.RgbImage
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/**
 * What a finger drew: lines through points, in parts of the canvas's side (0 to 1, y downwards).
 *
 * Independent of the view's size, so that a drawing survives a rotation. Pixels are made here and
 * not by a `Canvas`, so that host and phone compute the same ones.
 */
class Strokes {
    private val lines = ArrayList<ArrayList<Float>>()

    /** Whether nothing was drawn. */
    val isEmpty: Boolean get() = lines.isEmpty()

    /** Each stroke as x, y, x, y, ...; one point is a dot. */
    val points: List<List<Float>> get() = lines

    /** Puts the finger down at a point. */
    fun begin(x: Float, y: Float) {
        lines.add(arrayListOf(x.coerceIn(0f, 1f), y.coerceIn(0f, 1f)))
    }

    /** Moves the finger to a point; without a [begin] nothing happens. */
    fun extend(x: Float, y: Float) {
        val line = lines.lastOrNull() ?: return
        line.add(x.coerceIn(0f, 1f))
        line.add(y.coerceIn(0f, 1f))
    }

    /** Takes all strokes away. */
    fun clear() = lines.clear()

    /** All strokes in one array, for a saved state: for each its number of floats, then these. */
    fun toFloats(): FloatArray = lines.flatMap { listOf(it.size.toFloat()) + it }.toFloatArray()

    /**
     * White lines with round ends on black, smooth at their edges.
     *
     * @param side of the square image, in pixels.
     * @param width of the lines, in parts of the side.
     */
    fun rasterize(side: Int = RASTER, width: Float = PEN): RgbImage {
        val gray = FloatArray(side * side)
        for (line in lines) {
            for (i in line.indices step 2) {
                // The first point is a segment to itself: a dot.
                val from = max(0, i - 2)
                segment(
                    gray, side, width / 2 * side,
                    line[from] * side, line[from + 1] * side, line[i] * side, line[i + 1] * side,
                )
            }
        }
        val pixels = ByteArray(gray.size) { (gray[it] * 255f + 0.5f).toInt().toByte() }
        return RgbImage.fromGray(side, side, pixels)
    }

    private fun segment(
        gray: FloatArray, side: Int, radius: Float, x0: Float, y0: Float, x1: Float, y1: Float,
    ) {
        val dx = x1 - x0
        val dy = y1 - y0
        val square = dx * dx + dy * dy
        for (row in pixels(min(y0, y1) - radius, max(y0, y1) + radius, side)) {
            for (column in pixels(min(x0, x1) - radius, max(x0, x1) + radius, side)) {
                val px = column + 0.5f - x0
                val py = row + 0.5f - y0
                val along = if (square == 0f) 0f else ((px * dx + py * dy) / square).coerceIn(0f, 1f)
                val ex = px - along * dx
                val ey = py - along * dy
                val covered = (radius + 0.5f - sqrt(ex * ex + ey * ey)).coerceIn(0f, 1f)
                val index = row * side + column
                gray[index] = max(gray[index], covered)
            }
        }
    }

    private fun pixels(from: Float, to: Float, side: Int): IntRange =
        max(0, floor(from).toInt() - 1)..min(side - 1, ceil(to).toInt())

    companion object {
        /** Width of the pen, in parts of the canvas's side. */
        const val PEN = 0.1f

        /** Side of the square that a drawing becomes, in pixels. */
        const val RASTER = 160

        /** The strokes of [toFloats]; what is cut off at the end of [floats] is left out. */
        fun of(floats: FloatArray): Strokes {
            val strokes = Strokes()
            var at = 0
            while (at < floats.size) {
                val size = floats[at].toInt()
                if (size < 2 || at + size >= floats.size) break
                strokes.lines.add(ArrayList(floats.slice(at + 1..at + size)))
                at += 1 + size
            }
            return strokes
        }
    }
}
