package dev.edgekit.core

/**
 * Text as a model takes it: the index of each part in the vocabulary.
 *
 * A vocabulary of single characters (and special entries like `[UNK]` or `<pad>`) takes each code
 * point of a text, another one each word between blanks. What is not in it becomes [unknownId];
 * the end is cut or filled with 0.
 *
 * @property length numbers that the model takes.
 */
class TextInput(vocabulary: Array<String>, val length: Int, private val unknownId: Int) {
    private val index = HashMap<String, Int>()
    private val byCharacter = vocabulary.all { isShort(it) || isSpecial(it) }

    init {
        require(vocabulary.isNotEmpty() && length > 0 && unknownId >= 0) {
            "A text input needs a vocabulary, a length and an id for what is unknown."
        }
        // Backwards, so that of equal entries the first counts.
        for (i in vocabulary.indices.reversed()) index[vocabulary[i]] = i
    }

    /** The model's input, [length] ids. */
    fun preprocess(text: String): IntArray {
        val parts = if (byCharacter) characters(text) else words(text)
        return IntArray(length) { if (it < parts.size) index[parts[it]] ?: unknownId else 0 }
    }

    private fun characters(text: String): List<String> {
        val parts = ArrayList<String>()
        var at = 0
        while (at < text.length && parts.size < length) {
            val next = at + Character.charCount(text.codePointAt(at))
            parts.add(text.substring(at, next))
            at = next
        }
        return parts
    }

    private fun words(text: String): List<String> {
        val parts = ArrayList<String>()
        var start = -1
        for (at in 0..text.length) {
            val inWord = at < text.length && !isBlank(text[at])
            if (inWord && start < 0) start = at
            if (!inWord && start >= 0) {
                parts.add(text.substring(start, at))
                start = -1
            }
        }
        return parts
    }

    private companion object {
        fun isShort(entry: String): Boolean =
            entry.length <= 1 || (entry.length == 2 && entry.codePointCount(0, 2) == 1)

        fun isSpecial(entry: String): Boolean =
            entry.codePointCount(0, entry.length) > 2 &&
                ((entry.first() == '[' && entry.last() == ']') ||
                    (entry.first() == '<' && entry.last() == '>'))

        /** What Python's `str.split` splits at; Java and Kotlin have each another idea of it. */
        fun isBlank(character: Char): Boolean = when (character.code) {
            in 0x09..0x0D, in 0x1C..0x20, 0x85, 0xA0, 0x1680, in 0x2000..0x200A,
            0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true
            else -> false
        }
    }
}
