package dev.edgekit.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View

/** A black canvas that a finger draws white lines on. It shows [strokes] and adds to them. */
class DrawView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    /** What is drawn; a new value is shown at once. */
    var strokes: Strokes = Strokes()
        set(value) {
            field = value
            invalidate()
        }

    /** Called when a stroke begins. */
    var onBegin: () -> Unit = {}

    /** Called when a stroke is complete. */
    var onStroke: () -> Unit = {}

    private val hint = context.getString(R.string.canvas_hint)
    private val ink = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.ink)
        strokeCap = Paint.Cap.ROUND
    }
    private val hintPaint = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.paper_hint)
        textAlign = Paint.Align.CENTER
        textSize = resources.getDimension(R.dimen.text_body)
    }

    init {
        setBackgroundColor(context.getColor(R.color.paper))
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        if (strokes.isEmpty) canvas.drawText(hint, width / 2f, height / 2f, hintPaint)
        ink.strokeWidth = Strokes.PEN * width
        for (line in strokes.points) {
            for (i in line.indices step 2) {
                // The first point is a line to itself: a dot.
                val from = maxOf(0, i - 2)
                canvas.drawLine(
                    line[from] * width, line[from + 1] * height,
                    line[i] * width, line[i + 1] * height, ink,
                )
            }
        }
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        if (!isEnabled) return false
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                // The page must not scroll away under the finger.
                parent.requestDisallowInterceptTouchEvent(true)
                onBegin()
                strokes.begin(event.x / width, event.y / height)
            }
            MotionEvent.ACTION_MOVE -> {
                // What was sampled between two frames too: else fast strokes have corners.
                for (i in 0 until event.historySize) {
                    strokes.extend(event.getHistoricalX(i) / width, event.getHistoricalY(i) / height)
                }
                strokes.extend(event.x / width, event.y / height)
            }
            MotionEvent.ACTION_UP -> performClick()
            MotionEvent.ACTION_CANCEL -> onStroke()
            else -> return false
        }
        invalidate()
        return true
    }

    /** The end of a stroke. */
    override fun performClick(): Boolean {
        super.performClick()
        onStroke()
        return true
    }
}
