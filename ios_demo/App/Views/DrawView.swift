import SwiftUI

/// Draw a digit with a finger, and see what the model reads.
struct DrawView: View {
  @Environment(DemoModel.self) private var model

  var body: some View {
    SideBySide {
      VStack {
        DrawingCanvas()
        HStack {
          Button("Undo", systemImage: "arrow.uturn.backward") { model.undo() }
          Spacer()
          Button("Clear", systemImage: "trash", role: .destructive) { model.clear() }
        }
        .buttonStyle(.bordered)
        .disabled(model.drawing.isEmpty)
      }
    } second: {
      RecognitionView(phase: model.drawn, hint: "Draw a digit from 0 to 9.")
    }
  }
}

/// A square to draw in, white on black as the model's training data is, by day and by night.
struct DrawingCanvas: View {
  @Environment(DemoModel.self) private var model
  @State private var isDrawing = false

  var body: some View {
    GeometryReader { geometry in
      let side = min(geometry.size.width, geometry.size.height)
      Canvas { context, size in
        let style = StrokeStyle(lineWidth: size.width / 12, lineCap: .round, lineJoin: .round)
        for line in model.drawing.strokes {
          var path = Path()
          path.addLines(line.map { CGPoint(x: $0.x * size.width, y: $0.y * size.height) })
          if line.count == 1, let point = path.currentPoint { path.addLine(to: point) }
          context.stroke(path, with: .color(.white), style: style)
        }
      }
      .frame(width: side, height: side)
      .background(.black)
      .clipShape(RoundedRectangle(cornerRadius: 12))
      .overlay(RoundedRectangle(cornerRadius: 12).strokeBorder(.secondary))
      .gesture(pen(side: side))
      .frame(maxWidth: .infinity, maxHeight: .infinity)
    }
    .aspectRatio(1, contentMode: .fit)
    .accessibilityElement()
    .accessibilityLabel("Drawing area")
    .accessibilityValue(
      model.drawing.isEmpty ? "Empty" : "\(model.drawing.strokes.count) lines"
    )
    .accessibilityHint("Draw a digit with one finger.")
    .accessibilityAddTraits(.allowsDirectInteraction)
    .accessibilityAction(named: "Clear") { model.clear() }
  }

  private func pen(side: CGFloat) -> some Gesture {
    DragGesture(minimumDistance: 0)
      .onChanged { touch in
        let place = Drawing.Point(
          x: min(1, max(0, touch.location.x / side)), y: min(1, max(0, touch.location.y / side)))
        model.draw(to: place, isStart: !isDrawing)
        isDrawing = true
      }
      .onEnded { _ in
        isDrawing = false
        model.finishLine()
      }
  }
}
