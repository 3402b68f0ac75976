package dev.edgekit.core

import kotlin.math.ceil
import kotlin.math.floor

/**
 * The resize of `tf.image.resize`, which Keras' loaders of images use, to the bit: bilinear, centres
 * of pixels at halves, no antialiasing, in 32-bit floats that are not rounded to bytes.
 */
internal class KerasResize(private val down: Side, private val across: Side) {
    /** The new pixels of old ones, row by row, with so many [channels] a pixel. */
    fun values(pixels: ByteArray, channels: Int): FloatArray {
        val values = FloatArray(down.share.size * across.share.size * channels)
        val row = across.count * channels
        var made = 0
        for (y in down.share.indices) {
            val above = down.first[y] * row
            val below = down.second[y] * row
            for (x in across.share.indices) {
                val left = across.first[x] * channels
                val right = across.second[x] * channels
                val share = across.share[x]
                for (channel in 0 until channels) {
                    val upper = between(pixels, above + left + channel, above + right + channel, share)
                    val lower = between(pixels, below + left + channel, below + right + channel, share)
                    values[made++] = upper + (lower - upper) * down.share[y]
                }
            }
        }
        return values
    }

    private fun between(pixels: ByteArray, first: Int, second: Int, share: Float): Float {
        val one = (pixels[first].toInt() and 255).toFloat()
        val other = (pixels[second].toInt() and 255).toFloat()
        return one + (other - one) * share
    }

    /**
     * A side of [count] pixels that becomes [wanted] long, of which the middle [kept] are made: of
     * each, the old pixels beside it, and how far the [second] one counts.
     */
    class Side(val count: Int, wanted: Int, kept: Int) {
        val first = IntArray(kept)
        val second = IntArray(kept)
        val share = FloatArray(kept)

        init {
            val scale = count.toFloat() / wanted.toFloat()
            val begin = (wanted - kept) / 2
            for (i in 0 until kept) {
                val place = ((begin + i).toFloat() + 0.5f) * scale - 0.5f
                val before = floor(place)
                first[i] = before.toInt().coerceAtLeast(0)
                second[i] = ceil(place).toInt().coerceAtMost(count - 1)
                share[i] = place - before
            }
        }
    }
}
