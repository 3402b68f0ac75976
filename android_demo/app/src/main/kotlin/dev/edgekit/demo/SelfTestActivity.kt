package dev.edgekit.demo

import android.app.Activity
import android.os.Bundle
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import dev.edgekit.core.SelfTestReport

/** Proves that this device computes what the host computed, or shows by how much it does not. */
class SelfTestActivity : Activity() {
    private val demo get() = application as DemoApplication

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.screen_selftest)
        (findViewById(R.id.title) as TextView).setText(R.string.selftest_title)
        (findViewById(R.id.back) as View).setOnClickListener { finish() }
        (findViewById(R.id.run) as View).setOnClickListener { demo.test() }
    }

    override fun onStart() {
        super.onStart()
        demo.selfTest.observe(::show)
    }

    override fun onStop() {
        demo.selfTest.observe(null)
        super.onStop()
    }

    private fun show(outcome: Outcome<List<VariantReport>>) {
        (findViewById(R.id.run) as View).isEnabled = outcome !is Outcome.Running
        val status = findViewById(R.id.status) as TextView
        status.text = when (outcome) {
            is Outcome.Running -> getString(R.string.selftest_running)
            is Outcome.Failed -> outcome.reason
            else -> ""
        }
        status.visibility = if (status.text.isEmpty()) View.GONE else View.VISIBLE
        val reports = findViewById(R.id.reports) as ViewGroup
        reports.removeAllViews()
        if (outcome is Outcome.Done) outcome.value.forEach { add(reports, it) }
    }

    private fun add(reports: ViewGroup, found: VariantReport) {
        val card = LayoutInflater.from(this).inflate(R.layout.row_selftest, reports, false)
        (card.findViewById(R.id.variant) as TextView).text = found.variant.label
        val verdict = card.findViewById(R.id.verdict) as TextView
        verdict.setText(verdict(found.report))
        verdict.setTextColor(getColor(if (found.report.passed) R.color.good else R.color.bad))
        (card.findViewById(R.id.details) as TextView).text = details(found.report)
        reports.addView(card)
    }

    private fun verdict(report: SelfTestReport): Int = when {
        report.isExact -> R.string.selftest_exact
        report.passed -> R.string.selftest_within
        else -> R.string.selftest_differs
    }

    private fun details(report: SelfTestReport): String {
        val locale = resources.configuration.locale
        val lines = report.outputs.map {
            getString(
                R.string.selftest_output,
                it.name,
                Numbers.difference(it.worst, locale),
                Numbers.difference(it.tolerance, locale),
            )
        }
        val samples = getString(R.string.selftest_samples, report.numSamples)
        return (listOf(samples) + lines + report.problems).joinToString("\n")
    }
}
