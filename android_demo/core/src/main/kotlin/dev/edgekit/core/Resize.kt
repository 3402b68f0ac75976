package dev.edgekit.core

import kotlin.math.abs
import kotlin.math.ceil

/** How a pixel is made of those around it when an image changes its size. */
enum class ResizeMethod(internal val support: Double) {
    /** The nearest pixel alone. */
    NEAREST(0.0),

    /** A triangle of one pixel to each side; wider by as much as the image shrinks. */
    BILINEAR(1.0),

    /** Keys' cubic with a = -0.5, two pixels to each side; wider as the image shrinks. */
    BICUBIC(2.0),

    /** What Keras' loaders do: the four pixels around, however far the image shrinks; not rounded. */
    KERAS_BILINEAR(1.0),
}

/**
 * Pillow's resize of 8-bit images, to the bit: weights of 22 bits, two passes of which
 * each is rounded to 8 bits. The host prepared the samples that the model was calibrated and
 * measured with in this way; Android's own scaling gives other pixels.
 */
object Resize {
    private const val PRECISION_BITS = 32 - 8 - 2

    /**
     * The image at another size.
     *
     * @return the same image where it has that size already.
     * @throws IllegalArgumentException a size is not positive, or the method is Keras', whose
     *   values are no bytes: [ImageInput] takes it.
     */
    @JvmStatic
    fun resize(image: RgbImage, width: Int, height: Int, method: ResizeMethod): RgbImage {
        require(width > 0 && height > 0) { "An image needs pixels; received $width x $height." }
        require(method != ResizeMethod.KERAS_BILINEAR) { "Keras' resize does not make bytes." }
        if (method == ResizeMethod.NEAREST) return nearest(image, width, height)
        if (isVerticalFirst(image, width, height)) {
            return horizontal(vertical(image, height, method), width, method)
        }
        return vertical(horizontal(image, width, method), height, method)
    }

    /**
     * The order of the two passes, which shows in the last bit: Pillow takes the vertical one first
     * where that leaves less to do, from its version 13 on.
     */
    private fun isVerticalFirst(image: RgbImage, width: Int, height: Int): Boolean =
        height < image.height && image.height - height > 2L * (image.width - width)

    /** The part of an image from column [left] and row [top] on. */
    @JvmStatic
    fun crop(image: RgbImage, left: Int, top: Int, width: Int, height: Int): RgbImage {
        val fits = left + width <= image.width && top + height <= image.height
        require(left >= 0 && top >= 0 && fits) {
            "What is cut out must lie in the image of ${image.width} x ${image.height}; " +
                "received $width x $height at ($left, $top)."
        }
        if (width == image.width && height == image.height) return image
        val pixels = ByteArray(3 * width * height)
        for (y in 0 until height) {
            val from = 3 * ((top + y) * image.width + left)
            image.pixels.copyInto(pixels, 3 * y * width, from, from + 3 * width)
        }
        return RgbImage(width, height, pixels)
    }

    private fun nearest(image: RgbImage, width: Int, height: Int): RgbImage {
        if (width == image.width && height == image.height) return image
        val columns = picks(image.width, width)
        val rows = picks(image.height, height)
        val pixels = ByteArray(3 * width * height)
        for (y in 0 until height) {
            // Rounding can lead past the edge; Pillow leaves such a pixel black.
            if (rows[y] >= image.height) continue
            for (x in 0 until width) {
                if (columns[x] >= image.width) continue
                val from = 3 * (rows[y] * image.width + columns[x])
                image.pixels.copyInto(pixels, 3 * (y * width + x), from, from + 3)
            }
        }
        return RgbImage(width, height, pixels)
    }

    /** Adds up the steps as Pillow does: multiplying would round otherwise. */
    private fun picks(from: Int, to: Int): IntArray {
        val step = from.toDouble() / to
        var place = step * 0.5
        return IntArray(to) {
            val picked = place.toInt()
            place += step
            picked
        }
    }

    private fun horizontal(image: RgbImage, width: Int, method: ResizeMethod): RgbImage {
        if (width == image.width) return image
        val weights = Weights.of(image.width, width, method)
        val from = image.pixels
        val to = ByteArray(3 * width * image.height)
        for (y in 0 until image.height) {
            val row = 3 * y * image.width
            for (x in 0 until width) {
                val first = row + 3 * weights.first[x]
                sum(from, first, 3, weights, x, to, 3 * (y * width + x))
            }
        }
        return RgbImage(width, image.height, to)
    }

    private fun vertical(image: RgbImage, height: Int, method: ResizeMethod): RgbImage {
        if (height == image.height) return image
        val weights = Weights.of(image.height, height, method)
        val from = image.pixels
        val stride = 3 * image.width
        val to = ByteArray(stride * height)
        for (y in 0 until height) {
            val row = stride * weights.first[y]
            for (x in 0 until image.width) {
                sum(from, row + 3 * x, stride, weights, y, to, stride * y + 3 * x)
            }
        }
        return RgbImage(image.width, height, to)
    }

    /** One pixel: the weighted sum of pixels [stride] bytes apart. */
    private fun sum(
        from: ByteArray,
        first: Int,
        stride: Int,
        weights: Weights,
        place: Int,
        to: ByteArray,
        at: Int,
    ) {
        var red = 1 shl (PRECISION_BITS - 1)
        var green = red
        var blue = red
        var pixel = first
        val start = place * weights.size
        for (i in start until start + weights.count[place]) {
            val weight = weights.values[i]
            red += (from[pixel].toInt() and 255) * weight
            green += (from[pixel + 1].toInt() and 255) * weight
            blue += (from[pixel + 2].toInt() and 255) * weight
            pixel += stride
        }
        to[at] = (red shr PRECISION_BITS).coerceIn(0, 255).toByte()
        to[at + 1] = (green shr PRECISION_BITS).coerceIn(0, 255).toByte()
        to[at + 2] = (blue shr PRECISION_BITS).coerceIn(0, 255).toByte()
    }

    /**
     * Of each output pixel along one axis: the [first] input pixel, how many ([count]), and their
     * weights, [size] places for each.
     */
    private class Weights(
        val first: IntArray,
        val count: IntArray,
        val values: IntArray,
        val size: Int,
    ) {
        companion object {
            fun of(from: Int, to: Int, method: ResizeMethod): Weights {
                val scale = from.toDouble() / to
                val wide = if (scale < 1.0) 1.0 else scale
                val support = method.support * wide
                val size = ceil(support).toInt() * 2 + 1
                val inverse = 1.0 / wide
                val made = Weights(IntArray(to), IntArray(to), IntArray(to * size), size)
                val real = DoubleArray(size)
                for (x in 0 until to) {
                    val center = (x + 0.5) * scale
                    val first = (center - support + 0.5).toInt().coerceAtLeast(0)
                    val count = (center + support + 0.5).toInt().coerceAtMost(from) - first
                    var total = 0.0
                    for (i in 0 until count) {
                        real[i] = weight((i + first - center + 0.5) * inverse, method)
                        total += real[i]
                    }
                    made.first[x] = first
                    made.count[x] = count
                    for (i in 0 until count) {
                        val share = if (total != 0.0) real[i] / total else real[i]
                        val fixed = share * (1 shl PRECISION_BITS)
                        val half = if (share < 0) -0.5 else 0.5
                        made.values[x * size + i] = (fixed + half).toInt()
                    }
                }
                return made
            }

            private fun weight(distance: Double, method: ResizeMethod): Double {
                val x = abs(distance)
                val a = -0.5
                return when {
                    method == ResizeMethod.BILINEAR -> if (x < 1.0) 1.0 - x else 0.0
                    x < 1.0 -> ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
                    x < 2.0 -> (((x - 5.0) * x + 8.0) * x - 4.0) * a
                    else -> 0.0
                }
            }
        }
    }
}
