package dev.edgekit.demo

import android.app.Activity
import android.os.Bundle
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.RadioGroup
import android.widget.TextView
import dev.edgekit.digits.DigitsVariant

/** Times a variant of the model on this device. */
class BenchmarkActivity : Activity() {
    private val demo get() = application as DemoApplication
    private val variants = DigitsVariant.values()
    private var variant = 0
    private var threads = 0
    private var runs = 0

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.screen_benchmark)
        (findViewById(R.id.title) as TextView).setText(R.string.benchmark_title)
        (findViewById(R.id.back) as View).setOnClickListener { finish() }
        if (savedInstanceState != null) {
            variant = savedInstanceState.getInt(VARIANT)
            threads = savedInstanceState.getInt(THREADS)
            runs = savedInstanceState.getInt(RUNS)
        }
        choose(R.id.variants, variants.map { it.label }, variant) { variant = it }
        choose(R.id.threads, THREAD_COUNTS, threads) { threads = it }
        choose(R.id.runs, RUN_COUNTS, runs) { runs = it }
        (findViewById(R.id.run) as View).setOnClickListener {
            demo.time(variants[variant], THREAD_COUNTS[threads], RUN_COUNTS[runs])
        }
    }

    override fun onStart() {
        super.onStart()
        demo.benchmark.observe(::show)
    }

    override fun onStop() {
        demo.benchmark.observe(null)
        super.onStop()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putInt(VARIANT, variant)
        outState.putInt(THREADS, threads)
        outState.putInt(RUNS, runs)
    }

    private fun choose(group: Int, values: List<Any>, chosen: Int, onChosen: (Int) -> Unit) =
        Choices.fill(
            findViewById(group) as RadioGroup, values.map { it.toString() }, chosen, onChosen,
        )

    private fun show(outcome: Outcome<BenchmarkReport>) {
        (findViewById(R.id.run) as View).isEnabled = outcome !is Outcome.Running
        val status = findViewById(R.id.status) as TextView
        val values = findViewById(R.id.values) as ViewGroup
        status.text = when (outcome) {
            is Outcome.Running -> getString(R.string.benchmark_running)
            is Outcome.Failed -> outcome.reason
            else -> ""
        }
        status.visibility = if (status.text.isEmpty()) View.GONE else View.VISIBLE
        values.visibility = if (outcome is Outcome.Done) View.VISIBLE else View.GONE
        if (outcome is Outcome.Done) fill(values, outcome.value)
    }

    private fun fill(values: ViewGroup, report: BenchmarkReport) {
        val timing = report.timing
        values.removeAllViews()
        add(values, getString(R.string.benchmark_model), report.variant.label)
        add(values, getString(R.string.threads), report.threads.toString())
        add(values, getString(R.string.benchmark_median), milliseconds(timing.medianMs))
        add(values, getString(R.string.benchmark_p90), milliseconds(timing.p90Ms))
        add(values, getString(R.string.benchmark_min), milliseconds(timing.fastestMs))
        add(values, getString(R.string.benchmark_runs, timing.warmups), timing.runs.toString())
    }

    private fun milliseconds(value: Double): String {
        val locale = resources.configuration.locale
        return getString(R.string.milliseconds, Numbers.milliseconds(value, locale))
    }

    private fun add(values: ViewGroup, name: String, value: String) {
        val row = LayoutInflater.from(this).inflate(R.layout.row_value, values, false)
        (row.findViewById(R.id.name) as TextView).text = name
        (row.findViewById(R.id.value) as TextView).text = value
        values.addView(row)
    }

    private companion object {
        val THREAD_COUNTS = listOf(1, 2, 4)
        val RUN_COUNTS = listOf(100, 1000)
        const val VARIANT = "variant"
        const val THREADS = "threads"
        const val RUNS = "runs"
    }
}
