/// What a finger drew: lines through points of the unit square, x to the right and y down.
///
/// It holds no pixels, so that it survives a change of the view's size, as when a phone is turned.
struct Drawing: Equatable, Sendable, Codable {
  /// A place in the unit square.
  struct Point: Equatable, Sendable, Codable {
    /// 0 at the left, 1 at the right.
    var x: Double
    /// 0 at the top, 1 at the bottom.
    var y: Double
  }

  /// One line for each time the finger was down; none is empty.
  private(set) var strokes: [[Point]] = []

  /// Whether nothing was drawn.
  var isEmpty: Bool { strokes.isEmpty }

  /// Puts the finger down.
  mutating func begin(at point: Point) {
    strokes.append([point])
  }

  /// Moves the finger; before the first `begin` it puts it down.
  mutating func extend(to point: Point) {
    if strokes.isEmpty {
      begin(at: point)
    } else if strokes[strokes.count - 1].last != point {
      strokes[strokes.count - 1].append(point)
    }
  }

  /// Takes the last line away.
  mutating func undo() {
    _ = strokes.popLast()
  }

  /// Takes all lines away.
  mutating func clear() {
    strokes.removeAll()
  }
}

extension Drawing {
  /// A one, for a benchmark before anything was drawn.
  static let one: Drawing = {
    var drawing = Drawing()
    drawing.begin(at: Point(x: 0.38, y: 0.32))
    drawing.extend(to: Point(x: 0.52, y: 0.2))
    drawing.extend(to: Point(x: 0.52, y: 0.8))
    return drawing
  }()
}
