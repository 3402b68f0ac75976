package dev.edgekit.demo

import java.util.Locale

/** Numbers as a person reads them, in the language of the device. */
object Numbers {
    /** Milliseconds with three digits that mean something: `0.042`, `1.25`, `130`. */
    fun milliseconds(value: Double, locale: Locale): String = when {
        value < 0.995 -> String.format(locale, "%.3f", value)
        value < 99.5 -> String.format(locale, "%.2f", value)
        else -> String.format(locale, "%.0f", value)
    }

    /** A part from 0 to 1 in percent, with one digit behind the point. */
    fun percent(part: Float, locale: Locale): String = String.format(locale, "%.1f", part * 100)

    /** A difference of outputs: 0, or three digits that mean something. */
    fun difference(value: Double, locale: Locale): String =
        if (value == 0.0) "0" else String.format(locale, "%.2e", value)
}
