package dev.edgekit.core

/**
 * Sound from a microphone or a file, of one channel or several.
 *
 * @property samples real numbers, those of several channels side by side: left, right, left, right.
 * @property channels how many.
 * @throws IllegalArgumentException the samples are not whole.
 */
class Sound(val samples: FloatArray, val channels: Int = 1) {
    /** Samples of each channel. */
    val length: Int = samples.size / maxOf(1, channels)

    init {
        require(channels > 0 && samples.size % channels == 0) {
            "Each sample must have $channels channels; received ${samples.size} numbers."
        }
    }

    companion object {
        /** Of 16-bit samples, as Android's `AudioRecord` gives them: divided by 32768. */
        @JvmStatic
        fun of16Bit(samples: ShortArray, channels: Int = 1): Sound =
            Sound(FloatArray(samples.size) { samples[it] / 32768f }, channels)

        /** Of unsigned 8-bit samples: `(value - 128) / 128`. */
        @JvmStatic
        fun of8Bit(samples: ByteArray, channels: Int = 1): Sound {
            val real = FloatArray(samples.size) { ((samples[it].toInt() and 255) - 128) / 128f }
            return Sound(real, channels)
        }
    }
}

/**
 * Sound as a model takes it: channels averaged, the end cut or filled with zeros to [window]
 * samples, then `(value - mean) / std`. It must have the model's sample rate already: nothing is
 * resampled.
 *
 * @property window samples that the model takes.
 */
class AudioInput(val window: Int, mean: FloatArray, std: FloatArray) {
    private val normalization = Normalization(mean, std).also { it.check(1) }

    init {
        require(window > 0) { "A window needs samples; received $window." }
    }

    /** The model's input, [window] floats. */
    fun preprocess(sound: Sound): FloatArray = FloatArray(window) {
        normalization.of(if (it < sound.length) mono(sound, it) else 0f, 0)
    }

    /** NumPy's mean in 32-bit floats: eight sums side by side from eight channels on. */
    private fun mono(sound: Sound, index: Int): Float {
        val samples = sound.samples
        val count = sound.channels
        if (count == 1) return samples[index]
        val first = index * count
        var total = 0f
        var next = 0
        if (count >= 8) {
            val sums = samples.copyOfRange(first, first + 8)
            next = 8
            while (next + 8 <= count) {
                for (i in 0 until 8) sums[i] += samples[first + next + i]
                next += 8
            }
            total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        }
        while (next < count) total += samples[first + next++]
        return total / count
    }
}
