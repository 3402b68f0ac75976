import EdgeKitCore

extension Drawing {
  /// The drawing as the model's training data has digits: white on black, in the middle, filling
  /// the frame, with lines about an eighth of it wide. A size of its own, or a place at the edge
  /// of the screen, would be something that the model has never seen.
  ///
  /// - Parameter side: Width and height in pixels. The model's own preprocessing makes it smaller.
  /// - Throws: `EdgeKitError` where nothing was drawn.
  func image(side: Int = 64) throws -> RGBImage {
    guard !isEmpty else { throw EdgeKitError(.input, "Something is drawn first.") }
    let lines = fitted(margin: Self.lineWidth / 2)
    let radius = Self.lineWidth / 2 * Double(side)
    var gray = [UInt8](repeating: 0, count: side * side)
    for line in lines {
      for index in line.indices {
        let from = line[max(0, index - 1)]
        Self.draw(from: from, to: line[index], radius: radius, side: side, into: &gray)
      }
    }
    return try RGBImage(width: side, height: side, gray: gray)
  }

  /// Of the frame's side.
  private static let lineWidth = 0.125
  /// Below this a drawing counts as a dot, and is not blown up.
  private static let smallest = 0.02

  /// The lines moved to the middle and scaled, alike in both directions, so that the longer side
  /// fills the frame but for the margin.
  private func fitted(margin: Double) -> [[Point]] {
    let points = strokes.joined()
    let (left, right) = (points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 0)
    let (top, bottom) = (points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 0)
    let longest = max(right - left, bottom - top)
    let scale = longest < Self.smallest ? 1 : (1 - 2 * margin) / longest
    return strokes.map { line in
      line.map { point in
        Point(
          x: 0.5 + (point.x - (left + right) / 2) * scale,
          y: 0.5 + (point.y - (top + bottom) / 2) * scale)
      }
    }
  }

  /// A line with round ends and a soft edge of one pixel; where lines cross, the brighter counts.
  private static func draw(
    from: Point, to: Point, radius: Double, side: Int, into gray: inout [UInt8]
  ) {
    let size = Double(side)
    let (ax, ay, bx, by) = (from.x * size, from.y * size, to.x * size, to.y * size)
    let squared = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
    let reach = radius + 1
    for row in pixels(min(ay, by) - reach, max(ay, by) + reach, side) {
      for column in pixels(min(ax, bx) - reach, max(ax, bx) + reach, side) {
        let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
        let along = squared == 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared
        let part = min(1, max(0, along))
        let (dx, dy) = (x - ax - part * (bx - ax), y - ay - part * (by - ay))
        let cover = min(1, max(0, radius + 0.5 - (dx * dx + dy * dy).squareRoot()))
        let value = UInt8((cover * 255).rounded())
        gray[row * side + column] = max(gray[row * side + column], value)
      }
    }
  }

  /// The pixels between two places, within the frame.
  private static func pixels(_ first: Double, _ last: Double, _ side: Int) -> Range<Int> {
    let low = min(side, max(0, Int(first.rounded(.down))))
    return low..<min(side, max(low, Int(last.rounded(.up))))
  }
}
