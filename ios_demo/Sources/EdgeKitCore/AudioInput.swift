/// Sound: frames of one value a channel, as real values; -1 to 1 where it comes from integers.
public struct Sound: Equatable, Sendable {
  /// Frame after frame, `channels` values each.
  public let samples: [Float]
  /// Values a frame, at least 1.
  public let channels: Int

  /// Sound of real values.
  ///
  /// - Throws: `EdgeKitError` where the values are no whole number of frames.
  public init(samples: [Float], channels: Int = 1) throws {
    guard channels >= 1, samples.count % channels == 0 else {
      throw EdgeKitError(
        .input, "Sound must have one value for each channel of a frame.",
        received: "\(samples.count) values, \(channels) channels")
    }
    self.samples = samples
    self.channels = channels
  }

  /// Sound of signed 16-bit integers, as microphones and WAV files have it.
  ///
  /// - Throws: `EdgeKitError` where the values are no whole number of frames.
  public init(int16 samples: [Int16], channels: Int = 1) throws {
    try self.init(samples: samples.map { Float($0) / 32768 }, channels: channels)
  }

  /// Sound of unsigned 8-bit integers, whose silence is 128.
  ///
  /// - Throws: `EdgeKitError` where the values are no whole number of frames.
  public init(uint8 samples: [UInt8], channels: Int = 1) throws {
    try self.init(samples: samples.map { (Float($0) - 128) / 128 }, channels: channels)
  }

  /// One value a frame: the mean of its channels, in 32 bits.
  var mono: [Float] {
    if channels == 1 { return samples }
    return stride(from: 0, to: samples.count, by: channels).map { start in
      Self.sum(samples[start..<start + channels]) / Float(channels)
    }
  }

  /// NumPy's order of additions, which is another one from 8 values on: eight sums side by side.
  private static func sum(_ frame: ArraySlice<Float>) -> Float {
    let values = Array(frame)
    guard values.count >= 8 else { return values.reduce(0, +) }
    if values.count > 128 {
      let half = values.count / 2 - values.count / 2 % 8
      return sum(values[..<half]) + sum(values[half...])
    }
    var lanes = Array(values[..<8])
    let whole = values.count - values.count % 8
    for index in 8..<max(8, whole) { lanes[index % 8] += values[index] }
    let low = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    let high = (lanes[4] + lanes[5]) + (lanes[6] + lanes[7])
    return values[whole...].reduce(low + high, +)
  }
}

/// Sound as the model takes it: one channel, cut or filled with silence, normalized.
public struct AudioInput: Equatable, Sendable {
  /// Values that the model takes.
  public let window: Int
  /// Frames a second that the model was trained with; nil where the contract does not say.
  public let sampleRate: Int?
  /// Mean and std, one each.
  public let normalization: Normalization

  /// The preprocessing of an audio input, as the contract states it.
  public init(window: Int, sampleRate: Int? = nil, normalization: Normalization) {
    self.window = window
    self.sampleRate = sampleRate
    self.normalization = normalization
  }

  /// `window` real values: the mean of the channels, its end cut off or filled with zeros before
  /// mean and std. Sound of another sample rate must be converted before.
  public func values(_ sound: Sound) -> [Float] {
    let mono = sound.mono
    return (0..<window).map { normalization($0 < mono.count ? mono[$0] : 0) }
  }
}
