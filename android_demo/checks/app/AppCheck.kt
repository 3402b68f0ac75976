// The app's own logic, run on the JVM with the bundle's code, the real model and the real LiteRT.
// Arguments: the folder of the model's files, digits.txt, the file to write what screens show to.

import dev.edgekit.core.RgbImage
import dev.edgekit.demo.Benchmark
import dev.edgekit.demo.Ink
import dev.edgekit.demo.Job
import dev.edgekit.demo.Numbers
import dev.edgekit.demo.Outcome
import dev.edgekit.demo.Strokes
import dev.edgekit.digits.Digits
import dev.edgekit.digits.DigitsVariant
import java.io.File
import java.util.Locale

// Between two points of digits.txt.
private const val STEPS = 6

private var checks = 0

private fun same(what: String, expected: Any?, received: Any?) {
    checks += 1
    check(expected == received) { "$what: expected $expected, received $received" }
}

/** `digit: x,y x,y | x,y ...` a line: drawings with points as close as a finger gives them. */
private fun drawings(file: File): List<Pair<Int, Strokes>> =
    file.readLines().filter { it.isNotBlank() && !it.startsWith("#") }.map { line ->
        val (digit, lines) = line.split(":")
        val strokes = Strokes()
        for (stroke in lines.split("|")) {
            val points = stroke.trim().split(" ").map { it.split(",").map(String::toFloat) }
            strokes.begin(points[0][0], points[0][1])
            for (place in 1..(points.size - 1) * STEPS) {
                val (x, y) = listOf(0, 1).map { axis -> between(points.map { it[axis] }, place) }
                strokes.extend(x, y)
            }
        }
        digit.toInt() to strokes
    }

/** A Catmull-Rom curve through [values], at [place] of [STEPS] between each two. */
private fun between(values: List<Float>, place: Int): Float {
    val from = minOf(place / STEPS, values.size - 2)
    val t = place.toFloat() / STEPS - from
    val (b, c) = values[from] to values[from + 1]
    val a = values.getOrElse(from - 1) { b }
    val d = values.getOrElse(from + 2) { c }
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
}

private fun framed(strokes: Strokes): RgbImage =
    checkNotNull(Ink.framed(strokes.rasterize())) { "a drawing has ink" }

private fun checkStrokes(strokes: Strokes) {
    val restored = Strokes.of(strokes.toFloats())
    same("restored strokes", strokes.points, restored.points)
    same("cut off floats", 0, Strokes.of(floatArrayOf(9f, 0.5f)).points.size)
    val dot = Strokes().apply { begin(0.5f, 0.5f) }.rasterize(9, 0.2f)
    same("the dot's middle", 255, dot.pixels[3 * (4 * 9 + 4)].toInt() and 0xFF)
    same("the dot's corner", 0, dot.pixels[0].toInt())
    val outside = Strokes().apply { begin(-1f, 2f) }
    same("a point outside", listOf(listOf(0f, 1f)), outside.points)
    same("no ink", null, Ink.framed(Strokes().rasterize(20)))
}

private fun checkInk() {
    // 6 rows of 2 columns, anywhere, become 6 x 6 with 2 black columns at each side.
    for ((left, top) in listOf(0 to 0, 3 to 4, 8 to 2)) {
        val gray = ByteArray(10 * 12)
        for (row in top until top + 6) for (x in left..left + 1) gray[row * 10 + x] = -1
        val image = checkNotNull(Ink.framed(RgbImage.fromGray(10, 12, gray)))
        same("side of the frame", 6 to 6, image.width to image.height)
        val columns = (0 until 6).map { x -> (0 until 6).sumOf { Ink.luminance(image)[it * 6 + x] } }
        same("columns of the frame", listOf(0, 0, 1530, 1530, 0, 0), columns)
    }
    same("one brightness", null, Ink.ofPhoto(RgbImage.fromGray(4, 4, ByteArray(16) { 77 })))
}

/**
 * Dark ink (60) on paper that a shadow darkens from 230 to 190, with a speck at two corners, as a
 * camera would see it; or the negative of that.
 */
private fun photo(image: RgbImage, onDark: Boolean): RgbImage {
    val side = image.width + 40
    val ink = Ink.luminance(image)
    return RgbImage.fromGray(side, side, ByteArray(side * side) {
        val x = it % side - 20
        val y = it / side - 20
        val inside = x in 0 until image.width && y in 0 until image.height
        val speck = (x == -15 && y in -15..-13) || (x in side - 26..side - 24 && y == side - 26)
        val part = if (inside) ink[y * image.width + x] / 255.0 else if (speck) 0.9 else 0.0
        val paper = 230.0 - 40.0 * (it % side) / side
        val value = (paper + (60.0 - paper) * part).toInt()
        (if (onDark) 255 - value else value).toByte()
    })
}

private fun checkBenchmark() {
    var now = 0L
    var calls = 0
    val timing = Benchmark { now }.time(runs = 4, warmups = 3) {
        calls += 1
        now += calls * 1_000_000L
    }
    same("calls", 7, calls)
    same("median of 4, 5, 6, 7 ms", 5.5, timing.medianMs)
    same("fastest", 4.0, timing.fastestMs)
    // NumPy: percentile([4, 5, 6, 7], 90) = 6.7
    check(Math.abs(timing.p90Ms - 6.7) < 1e-12) { "p90 is ${timing.p90Ms}" }
    same("milliseconds", "0.042", Numbers.milliseconds(0.0424, Locale.ROOT))
    same("milliseconds", "1.00", Numbers.milliseconds(0.9951, Locale.ROOT))
    same("milliseconds", "100", Numbers.milliseconds(99.6, Locale.ROOT))
    same("percent", "98.8", Numbers.percent(0.98765f, Locale.ROOT))
    same("no difference", "0", Numbers.difference(0.0, Locale.ROOT))
}

private fun checkJob() {
    val job = Job<Int>()
    val seen = ArrayList<Any>()
    job.observe { seen.add(if (it is Outcome.Done) it.value else it) }
    val first = job.begin()
    val second = job.begin()
    job.end(first, Outcome.Done(1)) // too late
    job.end(second, Outcome.Done(2))
    same("outcomes", listOf(Outcome.None, Outcome.Running, Outcome.Running, 2), seen)
    // A new activity, after a rotation, is told at once.
    job.observe(null)
    seen.clear()
    job.observe { seen.add(if (it is Outcome.Done) it.value else it) }
    same("after a rotation", listOf(2), seen)
    val third = job.begin()
    job.reset()
    job.end(third, Outcome.Done(3)) // forgotten
    check(job.outcome === Outcome.None) { "a reset job has no outcome" }
}

private fun answers(digits: Digits, image: RgbImage): String =
    digits.run(image).top(3).joinToString(", ", "[", "]") { """["${it.label}", ${it.score}]""" }

private fun json(image: RgbImage): String =
    """{"side": ${image.width}, "gray": [${Ink.luminance(image).joinToString(", ")}]}"""

/** Runs a variant on all drawings and photos of them; gives what screens show of it. */
private fun checkVariant(folder: File, variant: DigitsVariant, drawn: List<Pair<Int, Strokes>>): String =
    Digits(folder, variant).use { digits ->
        for ((digit, strokes) in drawn) {
            val image = framed(strokes)
            same("$variant, drawn", digit, digits.run(image).top(1).single().index)
            for (onDark in listOf(false, true)) {
                val picture = checkNotNull(Ink.ofPhoto(photo(image, onDark))?.let(Ink::framed))
                // As large as drawn: paper and specks are gone.
                same("frame of a photo", true, Math.abs(picture.width - image.width) <= 2)
                same("$variant, photo", digit, digits.run(picture).top(1).single().index)
            }
        }
        val report = digits.selfTest()
        check(report.passed) { "$variant: $report" }
        val image = framed(drawn.last().second)
        val begin = System.nanoTime()
        digits.run(image).top(3)
        val once = (System.nanoTime() - begin) / 1e6
        val line = Strokes().apply { begin(0.5f, 0.1f); extend(0.5f, 0.9f) }.rasterize()
        val timing = Benchmark(System::nanoTime).time(runs = 100, warmups = 10) {
            digits.run(line).top(3)
        }
        val shown = drawn.joinToString(", ") { (digit, strokes) ->
            """"$digit": ${answers(digits, framed(strokes))}"""
        }
        val outputs = report.outputs.joinToString(", ") {
            """{"name": "${it.name}", "worst": "${Numbers.difference(it.worst, Locale.ROOT)}", """ +
                """"tolerance": "${Numbers.difference(it.tolerance, Locale.ROOT)}"}"""
        }
        val verdict = if (report.isExact) "exact" else "within"
        val (median, p90, fastest) = listOf(timing.medianMs, timing.p90Ms, timing.fastestMs)
            .map { Numbers.milliseconds(it, Locale.ROOT) }
        """{"label": "${variant.label}", "answers": {$shown},
  "once": "${Numbers.milliseconds(once, Locale.ROOT)}",
  "selftest": {"verdict": "$verdict", "samples": ${report.numSamples}, "outputs": [$outputs]},
  "timing": {"median": "$median", "p90": "$p90", "fastest": "$fastest",
    "runs": ${timing.runs}, "warmups": ${timing.warmups}}}"""
    }

fun main(arguments: Array<String>) {
    val folder = File(arguments[0])
    val drawn = drawings(File(arguments[1]))
    same("digits", (0..9).toList(), drawn.map { it.first })
    drawn.forEach { checkStrokes(it.second) }
    checkInk()
    checkBenchmark()
    checkJob()
    val variants = DigitsVariant.values().map { checkVariant(folder, it, drawn) }
    val frames = drawn.joinToString(", ") { """"${it.first}": ${json(framed(it.second))}""" }
    val strokes = drawn.joinToString(", ") { """"${it.first}": ${it.second.points}""" }
    File(arguments[2]).writeText(
        """{"pen": ${Strokes.PEN},
"variants": [${variants.joinToString(",\n")}],
"frames": {$frames},
"strokes": {$strokes}}
""",
    )
    println(
        "$checks checks of the app's code on the JVM; ${drawn.size} drawn digits and photos of " +
            "them recognized by ${variants.size} variants, their self-tests passed",
    )
}
