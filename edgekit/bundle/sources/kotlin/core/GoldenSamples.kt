package dev.edgekit.core

import java.io.File
import java.security.MessageDigest

/**
 * One input or output in a file of golden samples.
 *
 * @property offset of its first byte in each sample.
 * @property tolerance how far an output may be from it on other kernels than the host's, in real
 *   units; on the same ones it is met exactly.
 */
class GoldenTensor(
    val info: TensorInfo,
    val isInput: Boolean,
    val offset: Int,
    val tolerance: Float = 0f,
)

/**
 * What a file of golden samples holds: inputs, and what the host's LiteRT computed of them with
 * this very model.
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
)

/** Golden samples, read and checked. */
class GoldenSamples private constructor(val layout: GoldenLayout, private val content: ByteArray) {
    /** The numbers of a tensor in sample [index], as the model stores them. */
    fun stored(tensor: GoldenTensor, index: Int): Stored {
        require(index in 0 until layout.numSamples) {
            "There are ${layout.numSamples} samples; received $index."
        }
        return tensor.info.decode(content, index * layout.sampleBytes + tensor.offset)
    }

    /** The inputs of sample [index] by name. */
    fun inputs(index: Int): Map<String, Stored> =
        layout.tensors.filter { it.isInput }.associate { it.info.name to stored(it, index) }

    companion object {
        /**
         * Golden samples of a file's content.
         *
         * @throws IllegalArgumentException it is not the content that the bundle was made with.
         */
        @JvmStatic
        fun of(layout: GoldenLayout, content: ByteArray): GoldenSamples {
            val digest = MessageDigest.getInstance("SHA-256").digest(content)
            val hex = digest.joinToString("") {
                // Not format(): some languages write other digits.
                val byte = it.toInt() and 255
                "${Character.forDigit(byte shr 4, 16)}${Character.forDigit(byte and 15, 16)}"
            }
            val size = layout.numSamples * layout.sampleBytes
            require(hex == layout.sha256 && content.size == size) {
                "${layout.file} is the file that the bundle was made with; received another one."
            }
            return GoldenSamples(layout, content)
        }

        /** Golden samples in a folder, under the layout's own file name. */
        @JvmStatic
        fun read(layout: GoldenLayout, folder: File): GoldenSamples =
            of(layout, File(folder, layout.file).readBytes())
    }
}
