package dev.edgekit.demo

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.graphics.Bitmap
import android.os.Bundle
import android.provider.MediaStore
import android.view.View
import android.widget.RadioGroup
import android.widget.Toast
import dev.edgekit.core.RgbImage
import dev.edgekit.digits.DigitsVariant
import java.io.IOException

/** Draw a digit, choose or take a picture of one, and see what the model makes of it. */
class MainActivity : Activity() {
    private val demo get() = application as DemoApplication
    private lateinit var canvas: DrawView
    private lateinit var answers: AnswerViews
    private var variant = DigitsVariant.values().first()

    // The digit of a chosen picture; null while the drawing counts.
    private var picture: RgbImage? = null
    private var waitsForPicture = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.screen_main)
        canvas = findViewById(R.id.canvas) as DrawView
        answers = AnswerViews(this)
        savedInstanceState?.let(::restore)
        val variants = DigitsVariant.values()
        val group = findViewById(R.id.variants) as RadioGroup
        Choices.fill(group, variants.map { it.label }, variant.ordinal) {
            variant = variants[it]
            recognizeAgain()
        }
        canvas.onBegin = ::beginDrawing
        canvas.onStroke = ::recognizeAgain
        onClick(R.id.clear) { clear() }
        onClick(R.id.pick) { ask(PICK, Intent(Intent.ACTION_GET_CONTENT).setType("image/*")) }
        onClick(R.id.take) { ask(TAKE, Intent(MediaStore.ACTION_IMAGE_CAPTURE)) }
        onClick(R.id.benchmark) { startActivity(Intent(this, BenchmarkActivity::class.java)) }
        onClick(R.id.selftest) { startActivity(Intent(this, SelfTestActivity::class.java)) }
    }

    override fun onStart() {
        super.onStart()
        // After the system ended the process, the drawing is back but nothing is computed.
        if (demo.recognition.outcome === Outcome.None) recognizeAgain()
        demo.recognition.observe(::show)
    }

    override fun onStop() {
        demo.recognition.observe(null)
        super.onStop()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putInt(VARIANT, variant.ordinal)
        outState.putFloatArray(STROKES, canvas.strokes.toFloats())
        outState.putBoolean(WAITS, waitsForPicture)
        picture?.let {
            val gray = Ink.luminance(it)
            outState.putByteArray(PICTURE, ByteArray(gray.size) { i -> gray[i].toByte() })
            outState.putInt(PICTURE_SIDE, it.width)
        }
    }

    private fun restore(state: Bundle) {
        variant = DigitsVariant.values().getOrElse(state.getInt(VARIANT)) { variant }
        canvas.strokes = Strokes.of(state.getFloatArray(STROKES) ?: FloatArray(0))
        waitsForPicture = state.getBoolean(WAITS)
        picture = state.getByteArray(PICTURE)?.let {
            val side = state.getInt(PICTURE_SIDE)
            RgbImage.fromGray(side, side, it)
        }
    }

    private fun beginDrawing() {
        picture = null
        waitsForPicture = false
    }

    private fun clear() {
        picture = null
        waitsForPicture = false
        canvas.strokes = Strokes()
        demo.recognition.reset()
    }

    /** Recognizes what is there: the picture, or else the drawing. */
    private fun recognizeAgain() {
        val kept = picture
        if (kept != null) {
            demo.recognize(variant) { kept }
        } else if (!canvas.strokes.isEmpty) {
            // A copy: the finger may draw on while the model's thread reads.
            val strokes = Strokes.of(canvas.strokes.toFloats())
            demo.recognize(variant) { Ink.framed(strokes.rasterize()) }
        }
    }

    private fun ask(request: Int, intent: Intent) {
        try {
            startActivityForResult(intent, request)
        } catch (_: ActivityNotFoundException) {
            Toast.makeText(this, R.string.failed_no_app, Toast.LENGTH_LONG).show()
        } catch (_: SecurityException) {
            Toast.makeText(this, R.string.failed_no_app, Toast.LENGTH_LONG).show()
        }
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (resultCode != RESULT_OK) return
        val uri = data?.data
        val thumbnail = data?.extras?.get("data") as? Bitmap
        val read: () -> RgbImage = when {
            requestCode == PICK && uri != null -> {
                { Pictures.read(applicationContext, uri) }
            }
            requestCode == TAKE && thumbnail != null -> {
                { Pictures.of(thumbnail) }
            }
            else -> {
                { throw IOException("no picture came back") }
            }
        }
        canvas.strokes = Strokes()
        picture = null
        waitsForPicture = true
        demo.recognize(variant) {
            val image = try {
                read()
            } catch (_: IOException) {
                throw Problem(R.string.failed_unreadable)
            }
            Ink.ofPhoto(image)?.let(Ink::framed)
        }
    }

    private fun show(outcome: Outcome<Recognition>) {
        if (waitsForPicture && outcome is Outcome.Done) {
            picture = outcome.value.seen
            waitsForPicture = false
            // Chosen while the picture was read.
            if (outcome.value.variant != variant) return recognizeAgain()
        }
        answers.show(outcome)
    }

    private fun onClick(id: Int, action: () -> Unit) =
        (findViewById(id) as View).setOnClickListener { action() }

    private companion object {
        const val PICK = 1
        const val TAKE = 2
        const val VARIANT = "variant"
        const val STROKES = "strokes"
        const val WAITS = "waits"
        const val PICTURE = "picture"
        const val PICTURE_SIDE = "picture_side"
    }
}
