import EdgeKitCore

extension RGBImage {
  /// A photo of a digit as the model's training data has digits: square, and white on black.
  ///
  /// - Parameter inkIsDark: Whether the digit is darker than its ground, as ink on paper is; then
  ///   every value is turned round.
  /// - Returns: The square in the middle, as large as the shorter side.
  func asDigit(inkIsDark: Bool) throws -> RGBImage {
    let side = min(width, height)
    let (left, top) = ((width - side) / 2, (height - side) / 2)
    var square = [UInt8]()
    square.reserveCapacity(side * side * 3)
    for row in top..<top + side {
      let start = (row * width + left) * 3
      square.append(contentsOf: pixels[start..<start + side * 3])
    }
    if inkIsDark {
      for index in square.indices { square[index] = 255 - square[index] }
    }
    return try RGBImage(width: side, height: side, pixels: square)
  }
}
