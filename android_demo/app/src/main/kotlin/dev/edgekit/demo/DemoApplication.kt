package dev.edgekit.demo

import android.app.Application
import dev.edgekit.core.Classified
import dev.edgekit.core.RgbImage
import dev.edgekit.core.SelfTestReport
import dev.edgekit.digits.Digits
import dev.edgekit.digits.DigitsVariant

/**
 * The answers for one picture.
 *
 * @property answers the best classes, best first.
 * @property seen what the model was given.
 * @property milliseconds from picture to answer.
 */
class Recognition(
    val variant: DigitsVariant,
    val answers: List<Classified>,
    val seen: RgbImage,
    val milliseconds: Double,
)

/** Times of one variant with so many threads. */
class BenchmarkReport(val variant: DigitsVariant, val threads: Int, val timing: Timing)

/** What the self-test of one variant found. */
class VariantReport(val variant: DigitsVariant, val report: SelfTestReport)

/** Holds what outlives a screen: the model, and what is being computed with it. */
class DemoApplication : Application() {
    /** The answers that the main screen shows. */
    val recognition = Job<Recognition>()

    /** The benchmark's last times. */
    val benchmark = Job<BenchmarkReport>()

    /** The self-test's last findings, by variant. */
    val selfTest = Job<List<VariantReport>>()

    private lateinit var owner: ModelOwner

    override fun onCreate() {
        super.onCreate()
        owner = ModelOwner(this)
    }

    /**
     * Recognizes a digit.
     *
     * @param framed makes the picture, on the model's thread; null where it shows no digit.
     */
    fun recognize(variant: DigitsVariant, framed: () -> RgbImage?) = owner.run(recognition) {
        val image = framed() ?: throw Problem(R.string.failed_no_digit)
        val digits = it.model(variant, threads = 1)
        val begin = System.nanoTime()
        val answers = best(digits, image)
        Recognition(variant, answers, image, (System.nanoTime() - begin) / 1e6)
    }

    /** Times a variant. */
    fun time(variant: DigitsVariant, threads: Int, runs: Int) = owner.run(benchmark) {
        val digits = it.model(variant, threads)
        val image = Strokes().apply {
            begin(0.5f, 0.1f)
            extend(0.5f, 0.9f)
        }.rasterize()
        val timing = Benchmark(System::nanoTime).time(runs, WARMUPS) { best(digits, image) }
        BenchmarkReport(variant, threads, timing)
    }

    /** Replays the golden samples of every variant. */
    fun test() = owner.run(selfTest) { owner ->
        DigitsVariant.values().map { VariantReport(it, owner.model(it, threads = 1).selfTest()) }
    }

    private fun best(digits: Digits, image: RgbImage): List<Classified> =
        digits.run(image).top(ANSWERS)

    companion object {
        /** How many answers are shown. */
        const val ANSWERS = 3

        /** Runs before the timed ones: the first ones load code and fill caches. */
        const val WARMUPS = 10
    }
}
