package dev.edgekit.demo

import android.app.Activity
import android.view.View
import android.widget.ImageView
import android.widget.ProgressBar
import android.widget.TextView

/** The part of the main screen that shows answers: bars, time, and what the model was given. */
class AnswerViews(private val activity: Activity) {
    private val rows = listOf(R.id.answer_first, R.id.answer_second, R.id.answer_third)
        .map { activity.findViewById(it) as View }
    private val answers = activity.findViewById(R.id.answers) as View
    private val status = activity.findViewById(R.id.status) as TextView
    private val seen = activity.findViewById(R.id.seen) as View
    private val preview = activity.findViewById(R.id.preview) as ImageView

    /** Shows what became of the last picture. While a new one is computed, the old stays. */
    fun show(outcome: Outcome<Recognition>) {
        when (outcome) {
            is Outcome.None -> say(activity.getString(R.string.result_none))
            is Outcome.Running -> status.text = activity.getString(R.string.result_running)
            is Outcome.Failed -> say(outcome.reason)
            is Outcome.Done -> show(outcome.value)
        }
    }

    private fun say(text: String) {
        status.text = text
        answers.visibility = View.GONE
        seen.visibility = View.GONE
    }

    private fun show(recognition: Recognition) {
        val locale = activity.resources.configuration.locale
        for ((place, row) in rows.withIndex()) {
            val answer = recognition.answers.getOrNull(place)
            row.visibility = if (answer == null) View.GONE else View.VISIBLE
            if (answer == null) continue
            val percent =
                activity.getString(R.string.percent, Numbers.percent(answer.score, locale))
            (row.findViewById(R.id.label) as TextView).text = answer.label
            (row.findViewById(R.id.percent) as TextView).text = percent
            val bar = row.findViewById(R.id.bar) as ProgressBar
            bar.progress = (answer.score * bar.max + 0.5f).toInt()
            row.contentDescription =
                activity.getString(R.string.result_row, answer.label, percent)
        }
        val time = Numbers.milliseconds(recognition.milliseconds, locale)
        status.text = activity.getString(R.string.result_time, time)
        preview.setImageBitmap(Pictures.bitmap(recognition.seen))
        answers.visibility = View.VISIBLE
        seen.visibility = View.VISIBLE
    }
}
