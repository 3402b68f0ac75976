package dev.edgekit.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Rect
import android.media.ExifInterface
import android.net.Uri
import dev.edgekit.core.RgbImage
import java.io.File
import java.io.IOException

/** Pictures of other apps as pixels, small and upright, and pixels as bitmaps. */
object Pictures {
    // Longer side: a digit needs no more, and a photo of 50 megapixels does not fit in memory.
    private const val MOST_PIXELS = 320

    /**
     * Reads the picture that another app chose.
     *
     * @throws IOException it cannot be read, or is no picture.
     */
    fun read(context: Context, uri: Uri): RgbImage {
        // A file of our own: read three times, and a stream of another app only goes forwards.
        val copy = File.createTempFile("picture", null, context.cacheDir)
        try {
            val stream = context.contentResolver.openInputStream(uri)
                ?: throw IOException("no content")
            stream.use { from -> copy.outputStream().use { to -> from.copyTo(to) } }
            return of(upright(decode(copy), copy))
        } catch (error: SecurityException) {
            throw IOException("no permission to read it", error)
        } finally {
            copy.delete()
        }
    }

    /** Pixels of a bitmap, at most [MOST_PIXELS] a side; what is transparent is white paper. */
    fun of(bitmap: Bitmap): RgbImage {
        val part = minOf(1f, MOST_PIXELS.toFloat() / maxOf(bitmap.width, bitmap.height))
        val width = maxOf(1, (bitmap.width * part).toInt())
        val height = maxOf(1, (bitmap.height * part).toInt())
        val paper = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        Canvas(paper).apply {
            drawColor(Color.WHITE)
            drawBitmap(bitmap, null, Rect(0, 0, width, height), Paint(Paint.FILTER_BITMAP_FLAG))
        }
        val colors = IntArray(width * height)
        paper.getPixels(colors, 0, width, 0, 0, width, height)
        return RgbImage.fromArgb(width, height, colors)
    }

    /** A bitmap of pixels, for a view. */
    fun bitmap(image: RgbImage): Bitmap {
        val colors = IntArray(image.width * image.height) {
            val red = image.pixels[it * 3].toInt() and 0xFF
            val green = image.pixels[it * 3 + 1].toInt() and 0xFF
            val blue = image.pixels[it * 3 + 2].toInt() and 0xFF
            (0xFF shl 24) or (red shl 16) or (green shl 8) or blue
        }
        return Bitmap.createBitmap(colors, image.width, image.height, Bitmap.Config.ARGB_8888)
    }

    private fun decode(file: File): Bitmap {
        val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeFile(file.path, options)
        val longer = maxOf(options.outWidth, options.outHeight)
        options.inJustDecodeBounds = false
        options.inSampleSize = Integer.highestOneBit(maxOf(1, longer / MOST_PIXELS))
        return BitmapFactory.decodeFile(file.path, options) ?: throw IOException("no picture")
    }

    /** Cameras store a picture as their sensor lies and note how to turn it. */
    private fun upright(bitmap: Bitmap, file: File): Bitmap {
        val orientation = try {
            ExifInterface(file.path)
                .getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
        } catch (_: IOException) {
            ExifInterface.ORIENTATION_NORMAL // formats without such a note
        }
        val (degrees, mirrored) = when (orientation) {
            ExifInterface.ORIENTATION_FLIP_HORIZONTAL -> 0f to true
            ExifInterface.ORIENTATION_ROTATE_180 -> 180f to false
            ExifInterface.ORIENTATION_FLIP_VERTICAL -> 180f to true
            ExifInterface.ORIENTATION_TRANSPOSE -> 270f to true
            ExifInterface.ORIENTATION_ROTATE_90 -> 90f to false
            ExifInterface.ORIENTATION_TRANSVERSE -> 90f to true
            ExifInterface.ORIENTATION_ROTATE_270 -> 270f to false
            else -> return bitmap
        }
        val matrix = Matrix()
        if (mirrored) matrix.postScale(-1f, 1f)
        matrix.postRotate(degrees)
        return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
    }
}
