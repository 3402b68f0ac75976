package dev.edgekit.core

/**
 * Pixels of 8 bits a channel, as they come from a camera, a file or a drawing.
 *
 * Image files of phones hold a rotation beside their pixels: turn them before.
 *
 * @property width columns.
 * @property height rows.
 * @property pixels `height * width * 3` bytes, row by row: red, green, blue, 0 to 255 each.
 * @throws IllegalArgumentException the sizes contradict each other, or one is not positive.
 */
class RgbImage(val width: Int, val height: Int, val pixels: ByteArray) {
    init {
        require(width > 0 && height > 0 && pixels.size.toLong() == 3L * width * height) {
            "An image of $width x $height needs 3 bytes a pixel; received ${pixels.size}."
        }
    }

    companion object {
        /**
         * From Android's packed colours, as `Bitmap.getPixels` gives them: `0xAARRGGBB`, row by
         * row. Alpha is dropped.
         */
        @JvmStatic
        fun fromArgb(width: Int, height: Int, colors: IntArray): RgbImage {
            require(colors.size.toLong() == width.toLong() * height) {
                "An image of $width x $height needs as many colours; received ${colors.size}."
            }
            val pixels = ByteArray(3 * colors.size)
            for (i in colors.indices) {
                val color = colors[i]
                pixels[3 * i] = (color shr 16).toByte()
                pixels[3 * i + 1] = (color shr 8).toByte()
                pixels[3 * i + 2] = color.toByte()
            }
            return RgbImage(width, height, pixels)
        }

        /** From `height * width` gray values, row by row. */
        @JvmStatic
        fun fromGray(width: Int, height: Int, values: ByteArray): RgbImage =
            RgbImage(width, height, ByteArray(3 * values.size) { values[it / 3] })
    }
}
