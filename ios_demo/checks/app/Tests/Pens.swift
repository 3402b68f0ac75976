@testable import AppLogic

/// Digits as a person would draw them.
enum Pens {
  static let zero = drawing([ring(center: (0.5, 0.5), radii: (0.22, 0.35))])
  static let four = drawing([
    [(0.45, 0.15), (0.25, 0.55), (0.75, 0.55)], [(0.65, 0.35), (0.62, 0.9)],
  ])

  /// All ten, by label.
  static let digits: [(label: String, drawing: Drawing)] = [
    ("zero", zero),
    ("one", drawing([[(0.4, 0.3), (0.52, 0.15), (0.52, 0.85)]])),
    (
      "two",
      drawing([
        [(0.3, 0.3), (0.4, 0.17), (0.6, 0.17), (0.68, 0.32), (0.6, 0.5), (0.3, 0.85), (0.72, 0.85)]
      ])
    ),
    (
      "three",
      drawing([
        [
          (0.3, 0.2), (0.5, 0.14), (0.66, 0.25), (0.62, 0.42), (0.45, 0.48), (0.64, 0.56),
          (0.7, 0.72), (0.55, 0.86), (0.3, 0.82),
        ]
      ])
    ),
    ("four", four),
    (
      "five",
      drawing([
        [(0.66, 0.15), (0.38, 0.15)],
        [
          (0.38, 0.15), (0.35, 0.48), (0.52, 0.43), (0.67, 0.55), (0.66, 0.75), (0.5, 0.87),
          (0.32, 0.82),
        ],
      ])
    ),
    (
      "six",
      drawing([
        [
          (0.6, 0.13), (0.42, 0.35), (0.34, 0.65), (0.42, 0.85), (0.6, 0.86), (0.68, 0.7),
          (0.58, 0.56), (0.38, 0.62),
        ]
      ])
    ),
    ("seven", drawing([[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]])),
    (
      "eight",
      drawing([
        ring(center: (0.5, 0.32), radii: (0.15, 0.17)),
        ring(center: (0.5, 0.68), radii: (0.18, 0.19)),
      ])
    ),
    (
      "nine",
      drawing([
        ring(center: (0.5, 0.33), radii: (0.16, 0.18)), [(0.66, 0.33), (0.62, 0.6), (0.5, 0.88)],
      ])
    ),
  ]

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
