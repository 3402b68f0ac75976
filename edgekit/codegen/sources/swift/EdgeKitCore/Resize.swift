/// How an image gets another size.
public enum ResizeMethod: String, Sendable {
  /// A triangle of twice the scale's width.
  case bilinear
  /// A cubic of four times the scale's width, with a = -0.5.
  case bicubic
  /// The pixel under the new pixel's centre.
  case nearest
  /// What Keras' loaders do: the four pixels around, however far the image shrinks; not rounded.
  case kerasBilinear = "keras-bilinear"

  /// Pixels to either side that count, where nothing is made smaller.
  var support: Double { self == .bicubic ? 2 : 1 }

  /// The filter's weight at `distance` from its centre.
  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear, .kerasBilinear:
      return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .nearest:
      return 0
    }
  }
}

extension RGBImage {
  /// This image with another size, byte for byte as Pillow's `Image.resize` makes it.
  ///
  /// Bilinear and bicubic are antialiased: along rows and along columns, each time rounded to 8
  /// bits, with weights in fixed point of 22 bits. `kerasBilinear` makes no bytes: see `ImageInput`.
  public func resized(width: Int, height: Int, _ method: ResizeMethod) -> RGBImage {
    precondition(method != .kerasBilinear, "Keras' resize does not make bytes.")
    if width == self.width && height == self.height { return self }
    if method == .nearest { return nearest(width: width, height: height) }
    // The order shows in the last bit. Pillow, from its version 13 on, takes columns first where
    // the height shrinks much more than the width, which leaves less to do.
    if height < self.height && self.height - height > 2 * (self.width - width) {
      return resampledColumns(to: height, method).resampledRows(to: width, method)
    }
    return resampledRows(to: width, method).resampledColumns(to: height, method)
  }

  private func nearest(width: Int, height: Int) -> RGBImage {
    let columns = picks(self.width, width)
    let rows = picks(self.height, height)
    var made = [UInt8](repeating: 0, count: width * height * 3)
    for (y, row) in rows.enumerated() where row < self.height {
      for (x, column) in columns.enumerated() where column < self.width {
        let from = (row * self.width + column) * 3
        let to = (y * width + x) * 3
        made[to] = pixels[from]
        made[to + 1] = pixels[from + 1]
        made[to + 2] = pixels[from + 2]
      }
    }
    return RGBImage(checked: made, width: width, height: height)
  }

  /// Summed step by step, as Pillow does it: a product would round differently.
  private func picks(_ count: Int, _ wanted: Int) -> [Int] {
    let step = Double(count) / Double(wanted)
    var position = step * 0.5
    return (0..<wanted).map { _ in
      defer { position += step }
      return Int(position)
    }
  }

  private func resampledRows(to wanted: Int, _ method: ResizeMethod) -> RGBImage {
    if wanted == width { return self }
    let filter = ResampleFilter(from: width, to: wanted, method)
    var made = [UInt8](repeating: 0, count: wanted * height * 3)
    pixels.withUnsafeBufferPointer { source in
      for y in 0..<height {
        for x in 0..<wanted {
          let first = (y * width + filter.starts[x]) * 3
          for channel in 0..<3 {
            made[(y * wanted + x) * 3 + channel] =
              filter.value(x, in: source, from: first + channel, step: 3)
          }
        }
      }
    }
    return RGBImage(checked: made, width: wanted, height: height)
  }

  private func resampledColumns(to wanted: Int, _ method: ResizeMethod) -> RGBImage {
    if wanted == height { return self }
    let filter = ResampleFilter(from: height, to: wanted, method)
    let row = width * 3
    var made = [UInt8](repeating: 0, count: wanted * row)
    pixels.withUnsafeBufferPointer { source in
      for y in 0..<wanted {
        for byte in 0..<row {
          made[y * row + byte] =
            filter.value(y, in: source, from: filter.starts[y] * row + byte, step: row)
        }
      }
    }
    return RGBImage(checked: made, width: width, height: wanted)
  }
}

/// The weights of each new pixel along one side, in fixed point.
struct ResampleFilter {
  /// Bits after the point: what 32 bits leave beside 8 bits of a pixel and 2 of headroom.
  static let precision = 32 - 8 - 2

  /// The first old pixel of each new one.
  let starts: [Int]
  private let weights: [[Int]]

  init(from count: Int, to wanted: Int, _ method: ResizeMethod) {
    let scale = Double(count) / Double(wanted)
    let stretch = max(scale, 1)
    let support = method.support * stretch
    var starts = [Int]()
    var weights = [[Int]]()
    for index in 0..<wanted {
      let center = (Double(index) + 0.5) * scale
      // Truncated toward zero, as C does it.
      let start = max(0, Int(center - support + 0.5))
      let end = min(count, Int(center + support + 0.5))
      let inverse = 1 / stretch
      let real = (0..<max(0, end - start)).map {
        method.weight((Double($0 + start) - center + 0.5) * inverse)
      }
      // In the order of Pillow's loop: a sum in another order would round differently.
      let sum = real.reduce(0, +)
      starts.append(start)
      weights.append(
        real.map { weight in
          let normal = sum != 0 ? weight / sum : weight
          let fixed = normal * Double(1 << Self.precision)
          return Int(normal < 0 ? fixed - 0.5 : fixed + 0.5)
        })
    }
    self.starts = starts
    self.weights = weights
  }

  /// New pixel `index`, of the bytes at `from`, `from + step`, ...
  func value(_ index: Int, in bytes: UnsafeBufferPointer<UInt8>, from: Int, step: Int) -> UInt8 {
    var sum = 1 << (Self.precision - 1)
    var position = from
    for weight in weights[index] {
      sum += Int(bytes[position]) * weight
      position += step
    }
    return UInt8(clamping: sum >> Self.precision)
  }
}
