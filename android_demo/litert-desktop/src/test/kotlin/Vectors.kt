import dev.edgekit.core.AudioInput
import dev.edgekit.core.Channels
import dev.edgekit.core.ImageInput
import dev.edgekit.core.ResizeMethod
import dev.edgekit.core.RgbImage
import dev.edgekit.core.Sound
import dev.edgekit.core.TabularInput
import dev.edgekit.core.TextInput
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

/** One case of `tests/codegen/vectors.txt`: raw data, and what the host makes of it. */
class VectorCase(
    private val keys: Map<String, List<String>>,
    private val data: Map<String, ByteArray>,
) {
    val name: String get() = keys.getValue("case").single()
    val kind: String get() = keys.getValue("kind").single()

    /** Runs the case; returns the largest difference, NaN where the result is no number. */
    fun difference(): Double {
        val (type, count) = keys.getValue("expected")
        val expected = little(data.getValue("expected"))
        if (type == "int32") {
            val ids = text()
            check(ids.size == count.toInt()) { "$name: ${ids.size} ids, not $count" }
            return ids.maxOf { abs(it.toDouble() - expected.getInt()) }
        }
        val made = floats()
        check(made.size == count.toInt()) { "$name: ${made.size} numbers, not $count" }
        return made.maxOf {
            val other = expected.getFloat()
            // Bits, so that 0 means every bit: -0.0 is not 0.0.
            val isSame = it.toRawBits() == other.toRawBits()
            if (isSame) 0.0 else maxOf(abs(it.toDouble() - other), 1e-30)
        }
    }

    val tolerance: Double get() = keys.getValue("tolerance").single().toDouble()

    private fun floats(): FloatArray = when (kind) {
        "image" -> image()
        "audio" -> AudioInput(number("window"), numbers("mean"), numbers("std")).preprocess(sound())
        "tabular" -> {
            val values = rawFloats()
            TabularInput(keys.getValue("raw").last().toInt(), numbers("mean"), numbers("std"))
                .preprocess(values)
        }
        else -> text().map { it.toFloat() }.toFloatArray()
    }

    private fun image(): FloatArray {
        val (height, width) = keys.getValue("size").map { it.toInt() }
        val input = ImageInput(
            height, width,
            ResizeMethod.valueOf(keys.getValue("resize").single().replace('-', '_').uppercase()),
            number("shorter"),
            Channels.valueOf(keys.getValue("channels").single().uppercase()),
            numbers("mean"), numbers("std"),
        )
        val shape = keys.getValue("raw").drop(1).map { it.toInt() }
        val raw = data.getValue("raw")
        val picture = when (shape.getOrElse(2) { 1 }) {
            1 -> RgbImage.fromGray(shape[1], shape[0], raw)
            3 -> RgbImage(shape[1], shape[0], raw)
            else -> RgbImage.fromArgb(shape[1], shape[0], IntArray(shape[0] * shape[1]) {
                fun byte(i: Int) = raw[4 * it + i].toInt() and 255
                (byte(3) shl 24) or (byte(0) shl 16) or (byte(1) shl 8) or byte(2)
            })
        }
        return input.preprocess(picture)
    }

    private fun sound(): Sound {
        val (type, length) = keys.getValue("raw")
        val channels = keys.getValue("raw").getOrNull(2)?.toInt() ?: 1
        val count = length.toInt() * channels
        val raw = data.getValue("raw")
        return when (type) {
            "uint8" -> Sound.of8Bit(raw, channels)
            "int16" -> {
                val from = little(raw)
                Sound.of16Bit(ShortArray(count) { from.getShort() }, channels)
            }
            else -> Sound(rawFloats(), channels)
        }
    }

    private fun rawFloats(): FloatArray {
        val raw = data.getValue("raw")
        val from = little(raw)
        return when (val type = keys.getValue("raw").first()) {
            "uint8" -> FloatArray(raw.size) { (raw[it].toInt() and 255).toFloat() }
            "int16" -> FloatArray(raw.size / 2) { from.getShort().toFloat() }
            "float32" -> FloatArray(raw.size / 4) { from.getFloat() }
            else -> error("$name: raw of type $type")
        }
    }

    private fun text(): IntArray {
        val entries = keys.getValue("vocabulary").drop(1)
        val vocabulary = entries.map { if (it == "-") "" else String(hex(it)) }
        return TextInput(vocabulary.toTypedArray(), number("length"), number("unknown"))
            .preprocess(String(hex(keys.getValue("text").firstOrNull() ?: "")))
    }

    private fun number(key: String): Int = keys.getValue(key).single().toInt()

    private fun numbers(key: String): FloatArray =
        keys.getValue(key).map { it.toFloat() }.toFloatArray()

    companion object {
        /** All cases of a file. */
        fun read(file: File): List<VectorCase> {
            val cases = ArrayList<VectorCase>()
            var keys = LinkedHashMap<String, List<String>>()
            var data = HashMap<String, ByteArray>()
            val lines = file.readLines().iterator()
            while (lines.hasNext()) {
                val words = lines.next().trim().split(" ").filter { it.isNotEmpty() }
                if (words.isEmpty() || words[0].startsWith("#")) continue
                if (words[0] == "end") {
                    cases.add(VectorCase(keys, data))
                    keys = LinkedHashMap()
                    data = HashMap()
                    continue
                }
                keys[words[0]] = words.drop(1)
                when (words[0]) {
                    "raw", "expected" -> data[words[0]] = hex(lines.next().trim())
                    "vocabulary" -> {
                        val entries = List(words[1].toInt()) { lines.next().trim() }
                        keys[words[0]] = words.drop(1) + entries
                    }
                }
            }
            check(keys.isEmpty() && cases.isNotEmpty()) { "$file ends inside a case" }
            return cases
        }

        private fun hex(text: String): ByteArray =
            ByteArray(text.length / 2) { text.substring(2 * it, 2 * it + 2).toInt(16).toByte() }

        private fun little(bytes: ByteArray): ByteBuffer =
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    }
}
