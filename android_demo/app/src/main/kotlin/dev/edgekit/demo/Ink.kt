package dev.edgekit.demo

import dev.edgekit.core.RgbImage
import kotlin.math.max

/**
 * Pictures as the digits' data has them: bright ink on black, a digit that fills the frame.
 *
 * The model's own preprocessing (size, gray, scale) comes after it and is the contract's; this is
 * what the camera and the finger need before it.
 */
object Ink {
    // Of the ink's full brightness: what is darker counts as background of the digit's box.
    private const val FAINT = 96

    // Of the largest mark's pixels: smaller marks are specks of dust or noise.
    private const val SPECK = 1.0 / 16

    /**
     * The part of [image] that holds ink, in the middle of a black square that it just fills.
     * Specks are left out.
     *
     * @return null where there is no ink.
     */
    fun framed(image: RgbImage): RgbImage? {
        val gray = luminance(image)
        val width = image.width
        val marks = marks(gray, width)
        val largest = marks.maxOfOrNull { it.size } ?: return null
        val (inked, specks) = marks.partition { it.size >= largest * SPECK }
        for (speck in specks) for (i in speck) gray[i] = 0
        val left = inked.minOf { mark -> mark.minOf { it % width } }
        val right = inked.maxOf { mark -> mark.maxOf { it % width } }
        val top = inked.minOf { mark -> mark.min() / width }
        val bottom = inked.maxOf { mark -> mark.max() / width }
        val side = max(right - left, bottom - top) + 1
        val shiftX = (side - (right - left + 1)) / 2
        val shiftY = (side - (bottom - top + 1)) / 2
        val pixels = ByteArray(side * side)
        for (row in top..bottom) {
            for (column in left..right) {
                val to = (row - top + shiftY) * side + column - left + shiftX
                pixels[to] = gray[row * width + column].toByte()
            }
        }
        return RgbImage.fromGray(side, side, pixels)
    }

    /** Inked pixels that touch each other, corners counted, as their places in [gray]. */
    private fun marks(gray: IntArray, width: Int): List<IntArray> {
        val found = ArrayList<IntArray>()
        val isFound = BooleanArray(gray.size)
        val mark = IntArray(gray.size)
        for (start in gray.indices) {
            if (isFound[start] || gray[start] < FAINT) continue
            isFound[start] = true
            mark[0] = start
            var size = 1
            var next = 0
            while (next < size) {
                val place = mark[next++]
                for (row in place / width - 1..place / width + 1) {
                    for (column in place % width - 1..place % width + 1) {
                        if (row !in 0 until gray.size / width || column !in 0 until width) continue
                        val near = row * width + column
                        if (isFound[near] || gray[near] < FAINT) continue
                        isFound[near] = true
                        mark[size++] = near
                    }
                }
            }
            found.add(mark.copyOf(size))
        }
        return found
    }

    /**
     * A photo of one digit on plain paper, or of a bright one on dark ground, as ink on black.
     *
     * Otsu's threshold splits paper and ink; paper is what most of the picture's edge is. Its mean
     * becomes black and the ink's mean white; shadows up to a third of the way stay black.
     *
     * @return null where the picture has one brightness only.
     */
    fun ofPhoto(image: RgbImage): RgbImage? {
        val gray = luminance(image)
        val threshold = otsu(gray) ?: return null
        val dark = gray.filter { it <= threshold }.average()
        val bright = gray.filter { it > threshold }.average()
        val edge = edge(image.width, image.height)
        val onDark = edge.count { gray[it] <= threshold } * 2 > edge.size
        val paper = if (onDark) dark else bright
        val ink = if (onDark) bright else dark
        val pixels = ByteArray(gray.size) {
            val part = ((gray[it] - paper) / (ink - paper)).coerceIn(0.0, 1.0)
            if (part < 1.0 / 3) 0 else (part * 255 + 0.5).toInt().toByte()
        }
        return RgbImage.fromGray(image.width, image.height, pixels)
    }

    /** ITU-R 601 brightness of each pixel, 0 to 255, row by row. */
    fun luminance(image: RgbImage): IntArray = IntArray(image.width * image.height) {
        val red = image.pixels[it * 3].toInt() and 0xFF
        val green = image.pixels[it * 3 + 1].toInt() and 0xFF
        val blue = image.pixels[it * 3 + 2].toInt() and 0xFF
        (19595 * red + 38470 * green + 7471 * blue + 32768) shr 16
    }

    private fun edge(width: Int, height: Int): List<Int> = (0 until width * height).filter {
        it % width == 0 || it % width == width - 1 || it < width || it >= width * (height - 1)
    }

    /** The level (of 0 to 254) up to which pixels are the dark class; null for one level only. */
    private fun otsu(gray: IntArray): Int? {
        val histogram = IntArray(256)
        gray.forEach { histogram[it]++ }
        val total = gray.sumOf { it.toLong() }
        var count = 0L
        var sum = 0L
        var best = 0.0
        var threshold: Int? = null
        for (level in 0 until 255) {
            count += histogram[level]
            sum += level.toLong() * histogram[level]
            val rest = gray.size - count
            if (count == 0L || rest == 0L) continue
            val apart = sum.toDouble() / count - (total - sum).toDouble() / rest
            val between = count.toDouble() * rest * apart * apart
            if (between > best) {
                best = between
                threshold = level
            }
        }
        return threshold
    }
}
