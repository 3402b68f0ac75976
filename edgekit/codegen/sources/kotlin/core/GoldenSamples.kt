package dev.edgekit.core

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/**
 * One input or output in a file of golden samples.
 *
 * @property offset of its first byte in each sample.
 * @property tolerance how far an output may be from it on other kernels than the host's.
 */
class GoldenTensor(
    val info: TensorInfo,
    val isInput: Boolean,
    val offset: Int,
    val tolerance: Tolerance = Tolerance(0.0, 0.0),
)

/**
 * Raw data for the input [input], and what the host makes of it: [shape] is height, width and 3 of
 * a picture, otherwise how many.
 *
 * @property offset of its [size] bytes in the file.
 * @property stride every which number of the input is compared.
 * @property expectedOffset of these numbers in the file, as the model stores them.
 */
class GoldenRaw(
    val input: String,
    val shape: List<Int>,
    val offset: Int,
    val size: Int,
    val stride: Int,
    val expectedOffset: Int,
    val expectedSize: Int,
)

/** The host's labels of the output [output]: UTF-8, a zero behind each. */
class GoldenLabels(val output: String, val offset: Int, val size: Int)

/**
 * What a file of golden samples holds: inputs, and what the host's LiteRT computed of them with
 * this very model; behind them raw data and labels.
 *
 * @property file its name.
 * @property sha256 of its content, in hexadecimal.
 * @property sampleBytes bytes of each sample.
 */
class GoldenLayout(
    val file: String,
    val sha256: String,
    val numSamples: Int,
    val sampleBytes: Int,
    val tensors: List<GoldenTensor>,
    val raw: List<GoldenRaw> = emptyList(),
    val labels: List<GoldenLabels> = emptyList(),
)

/** Raw data out of a file of golden samples, in the types that preprocessing takes. */
class RawData internal constructor(private val layout: GoldenRaw, private val bytes: ByteArray) {
    val image: RgbImage get() = RgbImage(layout.shape[1], layout.shape[0], bytes)
    val sound: Sound get() = Sound(numbers)
    val text: String get() = String(bytes, Charsets.UTF_8)
    val numbers: FloatArray
        get() = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).let { from ->
            FloatArray(bytes.size / 4) { from.getFloat() }
        }
}

/** Golden samples, read and checked. */
class GoldenSamples private constructor(val layout: GoldenLayout, private val content: ByteArray) {
    /** The numbers of a tensor in sample [index], as the model stores them. */
    fun stored(tensor: GoldenTensor, index: Int): Stored {
        require(index in 0 until layout.numSamples) {
            "A sample must be one of ${layout.numSamples}; received $index."
        }
        return tensor.info.decode(content, index * layout.sampleBytes + tensor.offset)
    }

    /** The inputs of sample [index] by name. */
    fun inputs(index: Int): Map<String, Stored> =
        layout.tensors.filter { it.isInput }.associate { it.info.name to stored(it, index) }

    /**
     * What is wrong with the labels of [output] that an app uses: nothing, or a sentence.
     */
    fun problemsOfLabels(output: String, labels: List<String>): List<String> {
        val mine = labels.joinToString("") { "$it\u0000" }.toByteArray()
        val isSame = layout.labels.filter { it.output == output }.all {
            mine.contentEquals(content.copyOfRange(it.offset, it.offset + it.size))
        }
        return if (isSame) emptyList() else listOf("The labels of $output are not the host's.")
    }

    /**
     * What is wrong with how an app makes the input [info] of raw data: nothing, or a sentence.
     *
     * @param prepare preprocesses raw data, and stores it as the model does.
     */
    fun problemsOfInput(info: TensorInfo, prepare: (RawData) -> Stored): List<String> {
        val isSame = layout.raw.filter { it.input == info.name }.all {
            val raw = RawData(it, content.copyOfRange(it.offset, it.offset + it.size))
            val expected = content.copyOfRange(it.expectedOffset, it.expectedOffset + it.expectedSize)
            val made = try {
                info.encode(prepare(raw))
            } catch (_: IllegalArgumentException) {
                ByteArray(0)
            }
            every(it.stride, made, info.dtype.bytes).contentEquals(expected)
        }
        return if (isSame) emptyList() else listOf("${info.name} is not prepared as on the host.")
    }

    private fun every(stride: Int, bytes: ByteArray, size: Int): ByteArray {
        val count = (bytes.size / size + stride - 1) / stride
        return ByteArray(count * size) { bytes[it / size * stride * size + it % size] }
    }

    companion object {
        /** What is wrong with a model's file: nothing, or a sentence. */
        @JvmStatic
        fun problemsOfFile(file: File, sha256: String): List<String> =
            if (digest(file.readBytes()) == sha256) emptyList()
            else listOf("${file.name} is not the file that contract.json describes.")

        private fun digest(content: ByteArray): String =
            MessageDigest.getInstance("SHA-256").digest(content).joinToString("") {
                // Not format(): some languages write other digits.
                val byte = it.toInt() and 255
                "${Character.forDigit(byte shr 4, 16)}${Character.forDigit(byte and 15, 16)}"
            }

        /**
         * Golden samples of a file's content.
         *
         * @throws IllegalArgumentException it is not the content that the bundle was made with.
         */
        @JvmStatic
        fun of(layout: GoldenLayout, content: ByteArray): GoldenSamples {
            val size = layout.numSamples * layout.sampleBytes
            require(digest(content) == layout.sha256 && content.size >= size) {
                "${layout.file} is not the file that the bundle was made with."
            }
            return GoldenSamples(layout, content)
        }

        /** Golden samples in a folder, under the layout's own file name. */
        @JvmStatic
        fun read(layout: GoldenLayout, folder: File): GoldenSamples =
            of(layout, File(folder, layout.file).readBytes())
    }
}
