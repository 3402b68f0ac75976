@testable import AppLogic

/// Digits as a person would draw them.
enum Pens {
  static let seven = drawing([[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]])
  static let four = drawing([
    [(0.45, 0.15), (0.25, 0.55), (0.75, 0.55)], [(0.65, 0.35), (0.62, 0.9)],
  ])
  static let zero = drawing([ring(center: (0.5, 0.5), radii: (0.22, 0.35))])

  static func drawing(_ lines: [[(Double, Double)]]) -> Drawing {
    var drawing = Drawing()
    for line in lines {
      for (index, place) in line.enumerated() {
        let point = Drawing.Point(x: place.0, y: place.1)
        if index == 0 { drawing.begin(at: point) } else { drawing.extend(to: point) }
      }
    }
    return drawing
  }

  /// A closed line round an ellipse, of 24 chords.
  static func ring(
    center: (Double, Double), radii: (Double, Double)
  ) -> [(Double, Double)] {
    // Points of a unit circle by turning (1, 0) again and again: 15 degrees each time.
    let (cosine, sine) = (0.965_925_826_289_068_3, 0.258_819_045_102_520_74)
    var (x, y) = (1.0, 0.0)
    var line = [(Double, Double)]()
    for _ in 0...24 {
      line.append((center.0 + x * radii.0, center.1 + y * radii.1))
      (x, y) = (x * cosine - y * sine, x * sine + y * cosine)
    }
    return line
  }

  /// The same lines, smaller and elsewhere.
  static func moved(_ drawing: Drawing, scale: Double, by shift: (Double, Double)) -> Drawing {
    self.drawing(
      drawing.strokes.map { line in line.map { ($0.x * scale + shift.0, $0.y * scale + shift.1) } })
  }
}
