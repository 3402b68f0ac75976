/// Which numbers of a pixel the model takes, and in what order.
public enum ChannelOrder: String, Sendable {
  /// Red, green, blue.
  case rgb
  /// Blue, green, red.
  case bgr
  /// One number: the brightness of ITU-R 601.
  case gray

  /// Numbers a pixel.
  public var count: Int { self == .gray ? 1 : 3 }
}

/// An image as the model takes it: resized, cut out, channels in order, normalized.
public struct ImageInput: Equatable, Sendable {
  /// Rows that the model takes.
  public let height: Int
  /// Columns that the model takes.
  public let width: Int
  /// How images are resized.
  public let resize: ResizeMethod
  /// What the shorter side becomes before the centre is cut out; nil where the image is stretched.
  public let shorterSide: Int?
  /// Which numbers a pixel becomes.
  public let channels: ChannelOrder
  /// Mean and std, by channel.
  public let normalization: Normalization

  /// The preprocessing of an image input, as the contract states it.
  public init(
    height: Int, width: Int, resize: ResizeMethod, shorterSide: Int? = nil, channels: ChannelOrder,
    normalization: Normalization
  ) {
    self.height = height
    self.width = width
    self.resize = resize
    self.shorterSide = shorterSide
    self.channels = channels
    self.normalization = normalization
  }

  /// The image as `height * width * channels` real values, row by row.
  public func values(_ image: RGBImage) -> [Float] {
    let fitted = self.fitted(image)
    var values = [Float]()
    values.reserveCapacity(width * height * channels.count)
    for start in stride(from: 0, to: fitted.pixels.count, by: 3) {
      let (red, green, blue) = (
        fitted.pixels[start], fitted.pixels[start + 1], fitted.pixels[start + 2]
      )
      switch channels {
      case .rgb:
        append(red, green, blue, to: &values)
      case .bgr:
        append(blue, green, red, to: &values)
      case .gray:
        let weighted = 19595 * UInt32(red) + 38470 * UInt32(green) + 7471 * UInt32(blue)
        values.append(normalization(Float((weighted + 32768) >> 16)))
      }
    }
    return values
  }

  /// The image with the model's size: stretched, or its middle.
  public func fitted(_ image: RGBImage) -> RGBImage {
    guard let shorterSide else { return image.resized(width: width, height: height, resize) }
    // Whole numbers, so that every language gets the same size.
    let shorter = min(image.width, image.height)
    let scaled = image.resized(
      width: image.width * shorterSide / shorter, height: image.height * shorterSide / shorter,
      resize)
    return scaled.cropped(
      left: (scaled.width - width) / 2, top: (scaled.height - height) / 2, width: width,
      height: height)
  }

  private func append(_ a: UInt8, _ b: UInt8, _ c: UInt8, to values: inout [Float]) {
    values.append(normalization(Float(a), at: 0))
    values.append(normalization(Float(b), at: 1))
    values.append(normalization(Float(c), at: 2))
  }
}
