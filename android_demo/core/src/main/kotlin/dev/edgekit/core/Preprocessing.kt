package dev.edgekit.core

/** `(value - mean) / std` in 32-bit floats, in this order; one mean and std, or one a channel. */
internal class Normalization(private val mean: FloatArray, private val std: FloatArray) {
    init {
        require(mean.isNotEmpty() && std.isNotEmpty() && std.none { it == 0f }) {
            "mean and std must have values, and no std may be 0."
        }
    }

    /** Checks that there is one value, or one for each of [count] channels. */
    fun check(count: Int) {
        for (values in listOf(mean, std)) {
            require(values.size == 1 || values.size == count) {
                "mean and std must have 1 value or $count; received ${values.size}."
            }
        }
    }

    fun of(value: Float, channel: Int): Float =
        (value - (if (mean.size == 1) mean[0] else mean[channel])) /
            (if (std.size == 1) std[0] else std[channel])
}

/** Which numbers a pixel becomes, in order. */
enum class Channels(internal val count: Int) {
    /** Red, green, blue. */
    RGB(3),

    /** Blue, green, red. */
    BGR(3),

    /** One number by ITU-R 601: `(19595 R + 38470 G + 7471 B + 32768) >> 16`. */
    GRAY(1),
}

/**
 * Pictures as a model takes them: resized, the centre cut out, in an order of channels, then
 * `(value - mean) / std`.
 *
 * With [shorterTo] the shorter side becomes that, the longer one
 * `floor(longer * shorterTo / shorter)`, and the centre is cut out at
 * `floor((resized - size) / 2)`; with 0 the picture is stretched to [height] and [width].
 *
 * @throws IllegalArgumentException the sizes or the numbers of mean and std do not fit.
 */
class ImageInput(
    val height: Int,
    val width: Int,
    private val resize: ResizeMethod,
    private val shorterTo: Int,
    private val channels: Channels,
    mean: FloatArray,
    std: FloatArray,
) {
    private val normalization = Normalization(mean, std).also { it.check(channels.count) }

    init {
        require(shorterTo == 0 || shorterTo >= maxOf(height, width)) {
            "The shorter side, $shorterTo, must hold what is cut out: $height x $width."
        }
    }

    /** The model's input: `height * width * channels` floats, row by row. */
    fun preprocess(image: RgbImage): FloatArray {
        val count = channels.count
        val values =
            if (resize == ResizeMethod.KERAS_BILINEAR) {
                keras(image)
            } else {
                val ordered = ordered(fit(image))
                FloatArray(ordered.size) { (ordered[it].toInt() and 255).toFloat() }
            }
        for (i in values.indices) values[i] = normalization.of(values[i], i % count)
        return values
    }

    /** The numbers of each pixel that the model takes, in its order. */
    private fun ordered(image: RgbImage): ByteArray {
        val pixels = image.pixels
        val count = channels.count
        return ByteArray(image.width * image.height * count) {
            val pixel = 3 * (it / count)
            val channel = it % count
            when (channels) {
                Channels.RGB -> pixels[pixel + channel]
                Channels.BGR -> pixels[pixel + 2 - channel]
                Channels.GRAY -> gray(pixels, pixel).toByte()
            }
        }
    }

    /** Keras decodes a file to gray, or to RGB, before it resizes. */
    private fun keras(image: RgbImage): FloatArray {
        val down = KerasResize.Side(image.height, scaled(image.height, image, height), height)
        val across = KerasResize.Side(image.width, scaled(image.width, image, width), width)
        return KerasResize(down, across).values(ordered(image), channels.count)
    }

    private fun fit(image: RgbImage): RgbImage {
        val scaledWidth = scaled(image.width, image, width)
        val scaledHeight = scaled(image.height, image, height)
        val scaled = Resize.resize(image, scaledWidth, scaledHeight, resize)
        val left = (scaledWidth - width) / 2
        val top = (scaledHeight - height) / 2
        return Resize.crop(scaled, left, top, width, height)
    }

    /** What a [side] of [image] becomes before the crop; [stretched] where nothing is cut out. */
    private fun scaled(side: Int, image: RgbImage, stretched: Int): Int =
        if (shorterTo == 0) {
            stretched
        } else {
            (side.toLong() * shorterTo / minOf(image.width, image.height)).toInt()
        }

    private fun gray(pixels: ByteArray, at: Int): Int =
        (19595 * (pixels[at].toInt() and 255) + 38470 * (pixels[at + 1].toInt() and 255) +
            7471 * (pixels[at + 2].toInt() and 255) + 32768) shr 16
}

/**
 * Rows of numbers as a model takes them: `(value - mean) / std` by column.
 *
 * @property features numbers in a row.
 */
class TabularInput(val features: Int, mean: FloatArray, std: FloatArray) {
    private val normalization = Normalization(mean, std).also { it.check(features) }

    /**
     * The model's input, as many floats as [values] has.
     *
     * @throws IllegalArgumentException not whole rows.
     */
    fun preprocess(values: FloatArray): FloatArray {
        require(values.isNotEmpty() && values.size % features == 0) {
            "Rows must have $features numbers; received ${values.size}."
        }
        return FloatArray(values.size) { normalization.of(values[it], it % features) }
    }
}
