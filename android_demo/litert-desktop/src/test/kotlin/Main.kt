import android.content.Context
import com.google.ai.edge.litert.LiteRtException
import dev.edgekit.core.ColumnTolerance
import dev.edgekit.core.DType
import dev.edgekit.core.GoldenLayout
import dev.edgekit.core.GoldenSamples
import dev.edgekit.core.GoldenTensor
import dev.edgekit.core.Quantization
import dev.edgekit.core.RgbImage
import dev.edgekit.core.SelfTest
import dev.edgekit.core.SelfTestReport
import dev.edgekit.core.Statistics
import dev.edgekit.core.Stored
import dev.edgekit.core.TensorInfo
import dev.edgekit.core.Tolerance
import dev.edgekit.core.TopK
import dev.edgekit.digits.Digits
import dev.edgekit.digits.DigitsLabels
import dev.edgekit.digits.DigitsVariant
import dev.edgekit.digits.install
import dev.edgekit.digits.openDigits
import dev.edgekit.digits_int8.DigitsInt8
import dev.edgekit.twins.Twins
import dev.edgekit.twins.TwinsVariant
import java.io.File
import java.nio.file.Files
import java.security.MessageDigest
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

/**
 * Runs on the JVM what a phone runs: the core and the generated code, with the real LiteRT.
 *
 * Arguments: `vectors.txt`, more such vectors, cases of arithmetic computed by the host's own code,
 * and the assets of the bundles. Prints one `PASS name: what` line for each group, and ends with 1
 * at the first assertion that fails.
 */
fun main(arguments: Array<String>) {
    val (vectors, drawn, cases, digits, int8) = arguments.map { File(it) }
    val twins = File(arguments[5])
    println("PASS vectors: ${vectors(vectors, setOf("image", "audio", "tabular", "text"))}")
    println("PASS drawn: ${vectors(drawn, setOf("image", "audio"))}")
    println("PASS arithmetic: ${arithmetic(cases)}")
    refusals()
    println("PASS refusals: wrong sizes, NaN and fractions are refused")
    val assets = "edgekit/digits"
    selfTests()
    println("PASS selftest: one step off is seen and within, two are beyond, NaN is infinite")
    println("PASS models: ${models(File(digits, assets), File(int8, "${assets}_int8"))}")
    println("PASS twins: ${twins(File(twins, "edgekit/twins"), File(digits, assets))}")
    println("PASS assets: ${installs(digits)}")
}

private fun vectors(file: File, expected: Set<String>): String {
    val cases = VectorCase.read(file)
    // Not `>`: a difference that is no number is too far as well.
    val far = cases.map { it to it.difference() }.filter { (case, by) -> !(by <= case.tolerance) }
    val told = far.joinToString("\n") { (case, by) -> "${case.name} differs by $by" }
    assertTrue(far.isEmpty(), told)
    val kinds = cases.groupingBy { it.kind }.eachCount()
    assertEquals(expected, kinds.keys)
    val exact = cases.count { it.tolerance == 0.0 }
    return "${cases.size} preprocessing cases equal the host's, $exact of them bit for bit ($kinds)"
}

/**
 * Lines `quantize DTYPE SCALE ZERO : reals : stored : reals again`, of reals their bits, and
 * `percentile Q : values : result`, `median 50 : values : result`, `top K : scores : indices`.
 */
private fun arithmetic(file: File): String {
    val counts = HashMap<String, Int>()
    for (line in file.readLines()) {
        val parts = line.split(" : ").map { part -> part.split(" ").filter { it.isNotEmpty() } }
        val (name, first) = parts[0]
        counts[name] = (counts[name] ?: 0) + 1
        when (name) {
            "quantize" -> {
                val reals = parts[1].map { Float.fromBits(it.toInt()) }.toFloatArray()
                val info = TensorInfo(
                    "x", listOf(reals.size), DType.valueOf(first),
                    Float.fromBits(parts[0][2].toInt()), parts[0][3].toInt(),
                )
                val stored = Quantization.store(reals, info)
                val codes = Quantization.whole(stored, info).toList()
                assertEquals(parts[2].map { it.toLong() }, codes, line)
                val back = Quantization.real(stored, info).map { it.toRawBits() }
                assertEquals(parts[3].map { it.toInt() }, back, line)
                val again = info.decode(info.encode(stored), 0)
                assertContentEquals(info.encode(stored), info.encode(again), line)
            }
            "percentile" -> {
                val values = parts[1].map { it.toDouble() }.toDoubleArray()
                val result = Statistics.percentile(values, first.toDouble())
                assertEquals(parts[2].single().toDouble(), result, line)
            }
            "median" -> {
                val values = parts[1].map { it.toDouble() }.toDoubleArray()
                assertEquals(parts[2].single().toDouble(), Statistics.median(values), line)
            }
            "top" -> {
                val scores = parts[1].map { it.toFloat() }.toFloatArray()
                val labels = scores.indices.map { "label $it" }
                val best = TopK.of(scores, labels, first.toInt())
                assertEquals(parts[2].map { it.toInt() }, best.map { it.index }, line)
                assertEquals(best.map { labels[it.index] }, best.map { it.label }, line)
                assertEquals(best.map { scores[it.index] }, best.map { it.score }, line)
            }
            else -> error("unknown case $line")
        }
    }
    return counts.toSortedMap().entries.joinToString { "${it.value} of ${it.key}" } + " as NumPy's"
}

private fun refusals() {
    val quantized = TensorInfo("q", listOf(1, 2), DType.INT8, 0.5f, 3)
    val plain = TensorInfo("p", listOf(2), DType.UINT8)
    assertFailsWith<IllegalArgumentException> { Quantization.store(floatArrayOf(1f), quantized) }
    val unknown = floatArrayOf(1f, Float.NaN)
    assertFailsWith<IllegalArgumentException> { Quantization.store(unknown, quantized) }
    assertFailsWith<IllegalArgumentException> { Quantization.store(floatArrayOf(1f, 0.5f), plain) }
    assertFailsWith<IllegalArgumentException> { Quantization.store(intArrayOf(1, 256), plain) }
    assertFailsWith<IllegalArgumentException> { RgbImage(2, 2, ByteArray(11)) }
    assertFailsWith<IllegalArgumentException> { TopK.of(floatArrayOf(1f), emptyList(), -1) }
    assertFailsWith<IllegalArgumentException> { Statistics.median(doubleArrayOf()) }
    val stored = Quantization.store(intArrayOf(0, 255), plain) as Stored.Bytes
    assertContentEquals(byteArrayOf(0, -1), stored.values)
    assertContentEquals(intArrayOf(0, 255), Quantization.ints(stored, plain))
}

/** What a self-test says of outputs that are off by steps of a quantized tensor, or of other floats. */
private fun selfTests() {
    val input = TensorInfo("in", listOf(1, 2), DType.FLOAT32)
    val output = TensorInfo("out", listOf(1, 3), DType.INT8, 0.25f, -5)
    val scores = TensorInfo("scores", listOf(2), DType.FLOAT32)
    val content = input.encode(Stored.Floats(floatArrayOf(1f, -2f))) +
        output.encode(Stored.Bytes(byteArrayOf(1, -128, 100))) +
        scores.encode(Stored.Floats(floatArrayOf(0.5f, Float.POSITIVE_INFINITY)))
    val layout = GoldenLayout(
        "x.golden.bin", MessageDigest.getInstance("SHA-256").digest(content).toHexString(), 1, 19,
        listOf(
            GoldenTensor(input, isInput = true, offset = 0),
            GoldenTensor(output, isInput = false, offset = 8, tolerance = Tolerance(0.25, 0.2)),
            GoldenTensor(scores, isInput = false, offset = 11, tolerance = Tolerance(1e-5, 1e-5, 1.0)),
        ),
    )
    val samples = GoldenSamples.of(layout, content)
    fun report(codes: Int, score: Float): SelfTestReport = SelfTest.run(samples) { inputs ->
        assertContentEquals(floatArrayOf(1f, -2f), (inputs.getValue("in") as Stored.Floats).values)
        mapOf(
            "out" to Stored.Bytes(byteArrayOf(1, -128, (100 + codes).toByte())),
            "scores" to Stored.Floats(floatArrayOf(score, Float.POSITIVE_INFINITY)),
        )
    }
    assertTrue(report(0, 0.5f).let { it.passed && it.isExact })
    val near = report(1, 0.5f)
    assertTrue(near.passed && !near.isExact && near.outputs[0].worst == 0.25)
    val far = report(-2, 0.5f)
    assertTrue(!far.passed && far.outputs[0].worst == 0.5 && far.outputs[1].isExact)
    assertTrue(report(0, 0.500001f).let { it.passed && !it.isExact })
    assertEquals(Double.POSITIVE_INFINITY, report(0, Float.NaN).outputs[1].worst)
    assertTrue(!report(0, Float.NaN).passed)
    content[0]++
    assertFailsWith<IllegalArgumentException> { GoldenSamples.of(layout, content) }
    columnsAndDecisions()
}

/** Columns have tolerances of their own, and decisions are the largest number or a threshold's. */
private fun columnsAndDecisions() {
    val output = TensorInfo("det", listOf(1, 2, 3), DType.FLOAT32)
    val host = floatArrayOf(300f, 0.4f, 0.2f, 10f, 0.6f, 0.7f)
    val content = output.encode(Stored.Floats(host))
    fun report(tolerance: Tolerance, vararg mine: Float): SelfTestReport {
        val digest = MessageDigest.getInstance("SHA-256").digest(content).toHexString()
        val tensor = GoldenTensor(output, isInput = false, offset = 0, tolerance = tolerance)
        val samples = GoldenSamples.of(GoldenLayout("x", digest, 1, 24, listOf(tensor)), content)
        return SelfTest.run(samples) { mapOf("det" to Stored.Floats(mine)) }
    }
    val apart = Tolerance(
        2.0, 2.0, columns = listOf(ColumnTolerance(0, 1, 2.0, 2.0), ColumnTolerance(1, 3, 0.1, 0.1)),
    )
    assertTrue(report(apart, 301f, 0.4f, 0.2f, 10f, 0.6f, 0.7f).passed)
    val lost = report(apart, 301f, 0.4f, 0.2f, 10f, 0.6f, 0.2f)
    assertEquals(listOf(true, false), lost.outputs.map { it.passed })
    assertEquals(listOf(0..0, 1..2), lost.outputs.map { it.columns })
    assertTrue("det, columns 1 to 2: worst difference 0.4" in lost.toString())
    assertTrue(report(Tolerance(9.0, 9.0), *host).outputs.single().columns == null)

    val largest = Tolerance(999.0, 999.0, 1.0)
    assertEquals(0.5, report(largest, 300f, 301f, 0f, 10f, 0f, 0f).outputs.single().agreement)
    val threshold = Tolerance(999.0, 999.0, 1.0, threshold = 0.5)
    val decided = report(threshold, 300f, 0.6f, 0.2f, 10f, 0.6f, 0.7f)
    assertEquals(5 / 6.0, decided.outputs.single().agreement)
    assertTrue(!decided.passed)
}

private fun models(folder: File, int8Folder: File): String {
    val found = ArrayList<String>()
    for (variant in DigitsVariant.entries) {
        for (threads in listOf(1, 2)) {
            Digits(folder, variant, numThreads = threads).use { model ->
                found += told(variant.label, threads, model.selfTest())
            }
        }
    }
    DigitsInt8(int8Folder).use { model ->
        assertEquals(DType.INT8, model.variant.inputs.single().dtype)
        assertEquals(DType.INT8, model.variant.outputs.single().dtype)
        found += told("int8 inputs and outputs", 1, model.selfTest())
    }
    Digits(folder).use { whole(it) }
    return found.joinToString("; ")
}

/** Two inputs and outputs, which the model has in other orders: each reaches its own. */
private fun twins(folder: File, digits: File): String {
    val found = TwinsVariant.entries.map { variant ->
        Twins(folder, variant).use { told(variant.label, 1, it.selfTest()) }
    }
    val one = FloatArray(64) { it / 64f }
    val other = FloatArray(64) { 1f - it / 64f }
    Digits(digits, DigitsVariant.FLOAT32).use { single ->
        Twins(folder, TwinsVariant.FLOAT32).use { both ->
            val result = both.run(right = one, aLeft = other)
            assertContentEquals(single.runModelInput(other).digit, result.classValue)
            assertContentEquals(single.runModelInput(one).digit, result.grosse)
            assertEquals(3, result.topGrosse().size)
        }
    }
    return found.joinToString("; ") + "; each input reaches its own output"
}

/** Copying out of the assets: once, whole, anew for a new version; the model opens from there. */
private fun installs(assets: File): String {
    val storage = Files.createTempDirectory("edgekit").toFile()
    try {
        val context = Context(storage, assets)
        val old = File(storage, "edgekit/digits/older/digits.tflite")
        old.parentFile.mkdirs()
        old.writeText("of an older app")
        openDigits(context).use { assertTrue(it.selfTest().passed) }
        assertTrue(!old.exists(), "files of an older version are removed")
        assertEquals(2, context.assets.opened)
        openDigits(context, numThreads = 2).use { assertTrue(it.selfTest().passed) }
        assertEquals(2, context.assets.opened, "what is there is not copied again")
        DigitsVariant.entries.forEach { it.install(context) }
        assertEquals(4, context.assets.opened)
        val left = storage.walk().filter { it.isFile }.map { it.extension }.toSet()
        assertEquals(setOf("tflite", "bin"), left, "nothing half-copied")
    } finally {
        storage.deleteRecursively()
    }
    return "models open from copied assets; an older version's files go"
}

/** A self-test on the kernels of the host: every bit of int8, the tolerance of float. */
private fun told(name: String, threads: Int, report: SelfTestReport): String {
    assertTrue(report.passed, "$name: $report")
    if ("float" !in name) assertTrue(report.isExact, "$name: $report")
    val tolerance = report.outputs.maxOf { it.tolerance }
    val verdict = if (report.isExact) "bit-exact" else "within $tolerance"
    return "$name, $threads threads: ${report.numSamples} golden samples $verdict"
}

/** From a picture to labels, and what happens with wrong use. */
private fun whole(model: Digits) {
    // A bar from top to bottom: in whatever class, the same as from the input prepared by hand.
    val bar = RgbImage.fromGray(24, 24, ByteArray(24 * 24) { if (it % 24 in 10..13) -1 else 0 })
    val result = model.run(bar)
    assertEquals(10, result.digit.size)
    assertEquals(1f, result.digit.sum(), 0.05f)
    val best = result.top(10)
    assertEquals(best.map { it.score }.sortedDescending(), best.map { it.score })
    assertEquals(DigitsLabels.digit[best[0].index], best[0].label)
    assertContentEquals(result.digit, model.run(bar).digit)
    assertFailsWith<IllegalArgumentException> { model.runModelInput(FloatArray(63)) }
    model.close()
    assertFailsWith<IllegalStateException> { model.run(bar) }
    assertFailsWith<LiteRtException> { Digits(File("no such folder")) }
}
