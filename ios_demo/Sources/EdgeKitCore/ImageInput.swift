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
    let values = resize == .kerasBilinear ? keras(image) : ordered(fitted(image)).map { Float($0) }
    return values.enumerated().map { normalization($1, at: $0 % channels.count) }
  }

  /// The image with the model's size: stretched, or its middle.
  ///
  /// `resize` makes bytes: it is not Keras'.
  public func fitted(_ image: RGBImage) -> RGBImage {
    let (rows, columns) = scaled(image)
    let made = image.resized(width: columns, height: rows, resize)
    return made.cropped(
      left: (columns - width) / 2, top: (rows - height) / 2, width: width, height: height)
  }

  /// Keras decodes a file to gray, or to RGB, before it resizes.
  private func keras(_ image: RGBImage) -> [Float] {
    let (rows, columns) = scaled(image)
    let resize = KerasResize(
      down: .init(image.height, to: rows, kept: height),
      across: .init(image.width, to: columns, kept: width))
    return resize.values(ordered(image), channels: channels.count)
  }

  /// Rows and columns before the middle is cut out.
  private func scaled(_ image: RGBImage) -> (rows: Int, columns: Int) {
    guard let shorterSide else { return (height, width) }
    // Whole numbers, so that every language gets the same size.
    let shorter = min(image.width, image.height)
    return (image.height * shorterSide / shorter, image.width * shorterSide / shorter)
  }

  /// The numbers of each pixel that the model takes, in its order.
  private func ordered(_ image: RGBImage) -> [UInt8] {
    if channels == .rgb { return image.pixels }
    var bytes = [UInt8]()
    bytes.reserveCapacity(image.width * image.height * channels.count)
    for start in stride(from: 0, to: image.pixels.count, by: 3) {
      let (red, green, blue) = (
        image.pixels[start], image.pixels[start + 1], image.pixels[start + 2]
      )
      if channels == .bgr {
        bytes.append(blue)
        bytes.append(green)
        bytes.append(red)
      } else {
        let weighted = 19595 * UInt32(red) + 38470 * UInt32(green) + 7471 * UInt32(blue)
        bytes.append(UInt8((weighted + 32768) >> 16))
      }
    }
    return bytes
  }
}
