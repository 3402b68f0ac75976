package dev.edgekit.demo

/** What became of a piece of work. */
sealed class Outcome<out T> {
    /** Nothing was asked for yet. */
    object None : Outcome<Nothing>()

    /** It is being computed. */
    object Running : Outcome<Nothing>()

    /** It is there. */
    class Done<T>(val value: T) : Outcome<T>()

    /** It failed; [reason] is for a person to read. */
    class Failed(val reason: String) : Outcome<Nothing>()
}

/**
 * Work that outlives the activity that asked for it: a rotation neither stops nor repeats it.
 *
 * Belongs to the main thread. Of several orders only the last one counts.
 */
class Job<T> {
    /** What is known by now. */
    var outcome: Outcome<T> = Outcome.None
        private set

    // The activity that is shown; it takes the outcome when it starts, and every later one.
    private var observer: ((Outcome<T>) -> Unit)? = null

    // Read by the model's thread, which leaves out what nobody waits for any more.
    @Volatile
    private var order = 0

    /** Shows the outcome now, and whenever it changes; null stops that. */
    fun observe(shown: ((Outcome<T>) -> Unit)?) {
        observer = shown
        shown?.invoke(outcome)
    }

    /** A new order begins: those before it no longer count. Returns its number. */
    fun begin(): Int {
        order += 1
        set(Outcome.Running)
        return order
    }

    /** Whether an order still counts. */
    fun isCurrent(number: Int): Boolean = number == order

    /** Ends an order, if it still counts. */
    fun end(number: Int, reached: Outcome<T>) {
        if (isCurrent(number)) set(reached)
    }

    /** Forgets all, also what is being computed. */
    fun reset() {
        order += 1
        set(Outcome.None)
    }

    private fun set(reached: Outcome<T>) {
        outcome = reached
        observer?.invoke(reached)
    }
}
