package dev.edgekit.demo

import android.content.Context
import android.os.Handler
import android.os.Looper
import dev.edgekit.digits.Digits
import dev.edgekit.digits.DigitsVariant
import dev.edgekit.digits.openDigits
import java.util.concurrent.Executors

/** What a person can do something about; [text] is the string that says it. */
class Problem(val text: Int) : Exception()

/**
 * The one thread that models run in, and the model that is open there.
 *
 * LiteRT's objects belong to one thread, and loading or running a model takes too long for the
 * main one. Work runs in the order it was given.
 */
class ModelOwner(private val context: Context) {
    private class Open(val variant: DigitsVariant, val threads: Int, val digits: Digits)

    private val thread = Executors.newSingleThreadExecutor { Thread(it, "model") }
    private val main = Handler(Looper.getMainLooper())

    // Of the model's thread alone.
    private var open: Open? = null

    /** Gives [work] to the model's thread; its outcome comes to [job], on the main thread. */
    fun <T> run(job: Job<T>, work: (ModelOwner) -> T) {
        val number = job.begin()
        thread.execute {
            if (!job.isCurrent(number)) return@execute
            val outcome = outcome(work)
            main.post { job.end(number, outcome) }
        }
    }

    /**
     * The model of a variant, opened if it is not; only in work of [run]. The one before it is
     * closed.
     */
    fun model(variant: DigitsVariant, threads: Int): Digits {
        val before = open
        if (before != null) {
            if (before.variant == variant && before.threads == threads) return before.digits
            open = null
            before.digits.close()
        }
        val digits = openDigits(context, variant, numThreads = threads)
        open = Open(variant, threads, digits)
        return digits
    }

    private fun <T> outcome(work: (ModelOwner) -> T): Outcome<T> = try {
        Outcome.Done(work(this))
    } catch (problem: Problem) {
        Outcome.Failed(context.getString(problem.text))
    } catch (error: Exception) {
        failed(error)
    } catch (error: LinkageError) {
        failed(error) // LiteRT has no library for this processor
    }

    private fun failed(error: Throwable): Outcome.Failed {
        val reason = error.message ?: error.javaClass.simpleName
        return Outcome.Failed(context.getString(R.string.failed, reason))
    }
}
