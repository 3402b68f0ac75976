import EdgeKitCore

/// What is shown to the model. Turning it into pixels is work, and is done off the main actor.
enum Picture: Equatable, Sendable {
  /// A drawing by finger.
  case drawing(Drawing)
  /// A photo; whether its digit is darker than its ground.
  case photo(RGBImage, inkIsDark: Bool)

  /// The pixels, as the model's training data has digits.
  ///
  /// - Throws: `EdgeKitError` where nothing was drawn.
  func image() throws -> RGBImage {
    switch self {
    case .drawing(let drawing): try drawing.image()
    case .photo(let photo, let inkIsDark): try photo.asDigit(inkIsDark: inkIsDark)
    }
  }
}
