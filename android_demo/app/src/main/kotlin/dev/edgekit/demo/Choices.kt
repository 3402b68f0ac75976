package dev.edgekit.demo

import android.view.LayoutInflater
import android.widget.RadioButton
import android.widget.RadioGroup

/** One of several values, as a row of radio buttons. */
object Choices {
    /**
     * Fills an empty group.
     *
     * @param chosen the place in [names] of the button that is on at first.
     * @param onChosen takes the place of a button that a person chose.
     */
    fun fill(group: RadioGroup, names: List<String>, chosen: Int, onChosen: (Int) -> Unit) {
        val inflater = LayoutInflater.from(group.context)
        for ((place, name) in names.withIndex()) {
            val button = inflater.inflate(R.layout.row_variant, group, false) as RadioButton
            button.id = place + 1 // a group knows its buttons by ids, and 0 is none
            button.text = name
            button.isSaveEnabled = false // the activity saves what is chosen
            group.addView(button)
        }
        group.check(chosen + 1)
        group.setOnCheckedChangeListener { _, id -> if (id > 0) onChosen(id - 1) }
    }
}
