/// Pixels of 8 bits: red, green, blue, row by row from the top.
public struct RGBImage: Equatable, Sendable {
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// `height * width * 3` bytes.
  public let pixels: [UInt8]

  /// An image of `height * width * 3` bytes.
  ///
  /// - Throws: `EdgeKitError` where the number of bytes is another one, or a side is below 1.
  public init(width: Int, height: Int, pixels: [UInt8]) throws {
    guard width >= 1, height >= 1, pixels.count == width * height * 3 else {
      throw EdgeKitError(
        .input, "An RGB image must have 3 bytes a pixel, and at least one pixel.",
        received: "\(width) x \(height), \(pixels.count) bytes")
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A gray image, of one byte a pixel: red, green and blue are all that.
  ///
  /// - Throws: `EdgeKitError` where the number of bytes is not `width * height`.
  public init(width: Int, height: Int, gray: [UInt8]) throws {
    var pixels = [UInt8]()
    pixels.reserveCapacity(gray.count * 3)
    for value in gray {
      pixels.append(value)
      pixels.append(value)
      pixels.append(value)
    }
    try self.init(width: width, height: height, pixels: pixels)
  }

  /// An image of four bytes a pixel, whose alpha is dropped: nothing is blended.
  ///
  /// - Throws: `EdgeKitError` where the number of bytes is not `width * height * 4`.
  public init(width: Int, height: Int, rgba: [UInt8]) throws {
    guard rgba.count == width * height * 4 else {
      throw EdgeKitError(
        .input, "An RGBA image must have 4 bytes a pixel.",
        received: "\(width) x \(height), \(rgba.count) bytes")
    }
    var pixels = [UInt8]()
    pixels.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: rgba.count, by: 4) {
      pixels.append(contentsOf: rgba[start..<start + 3])
    }
    try self.init(width: width, height: height, pixels: pixels)
  }

  /// The part of `width` by `height` pixels whose upper left corner is at `left` and `top`; it lies
  /// within the image.
  func cropped(left: Int, top: Int, width: Int, height: Int) -> RGBImage {
    var part = [UInt8]()
    part.reserveCapacity(width * height * 3)
    for row in top..<top + height {
      let start = (row * self.width + left) * 3
      part.append(contentsOf: pixels[start..<start + width * 3])
    }
    return RGBImage(checked: part, width: width, height: height)
  }

  /// An image of pixels that are known to be `height * width * 3`.
  init(checked pixels: [UInt8], width: Int, height: Int) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
