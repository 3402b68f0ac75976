/// The resize of `tf.image.resize`, which Keras' loaders of images use, to the bit: bilinear, centres
/// of pixels at halves, no antialiasing, in 32-bit floats that are not rounded to bytes.
struct KerasResize {
  let down: Side
  let across: Side

  /// The new pixels of old ones, row by row, with so many `channels` a pixel.
  func values(_ pixels: [UInt8], channels: Int) -> [Float] {
    var values = [Float]()
    values.reserveCapacity(down.share.count * across.share.count * channels)
    let row = across.count * channels
    for y in down.share.indices {
      let (above, below) = (down.first[y] * row, down.second[y] * row)
      for x in across.share.indices {
        let (left, right) = (across.first[x] * channels, across.second[x] * channels)
        for channel in 0..<channels {
          let upper = between(
            pixels[above + left + channel], pixels[above + right + channel], across.share[x])
          let lower = between(
            pixels[below + left + channel], pixels[below + right + channel], across.share[x])
          values.append(upper + (lower - upper) * down.share[y])
        }
      }
    }
    return values
  }

  private func between(_ one: UInt8, _ other: UInt8, _ share: Float) -> Float {
    Float(one) + (Float(other) - Float(one)) * share
  }

  /// A side of `count` pixels that becomes `wanted` long, of which the middle `kept` are made: of
  /// each, the old pixels beside it, and how far the second one counts.
  struct Side {
    let count: Int
    private(set) var first = [Int]()
    private(set) var second = [Int]()
    private(set) var share = [Float]()

    init(_ count: Int, to wanted: Int, kept: Int) {
      self.count = count
      let scale = Float(count) / Float(wanted)
      let begin = (wanted - kept) / 2
      for index in begin..<begin + kept {
        let place = (Float(index) + 0.5) * scale - 0.5
        let before = place.rounded(.down)
        first.append(max(0, Int(before)))
        second.append(min(count - 1, Int(place.rounded(.up))))
        share.append(place - before)
      }
    }
  }
}
