/// How far some columns of an output's last axis may be from the host's.
public struct ColumnTolerance: Equatable, Sendable {
  /// From the first to, not included, the last.
  public let columns: Range<Int>
  /// Any value, in real units.
  public let worst: Double
  /// The root mean square of all, in real units.
  public let rms: Double

  /// What these columns may differ by.
  public init(columns: Range<Int>, worst: Double, rms: Double) {
    self.columns = columns
    self.worst = worst
    self.rms = rms
  }
}

/// How far an output may be from the host's on other kernels, over all golden samples: measured when
/// the bundle was made.
public struct Tolerance: Equatable, Sendable {
  /// Any value, in real units.
  public let worst: Double
  /// The root mean square of all, in real units.
  public let rms: Double
  /// The least share of decisions that are the host's; nil where the output decides nothing.
  public let agreement: Double?
  /// Above which a value is a yes; nil where the largest value along the last axis is what the
  /// output decides.
  public let threshold: Double?
  /// The same for columns with units of their own; empty where all have one.
  public let columns: [ColumnTolerance]

  /// What an output may differ by.
  public init(
    worst: Double, rms: Double, agreement: Double? = nil, threshold: Double? = nil,
    columns: [ColumnTolerance] = []
  ) {
    self.worst = worst
    self.rms = rms
    self.agreement = agreement
    self.threshold = threshold
    self.columns = columns
  }
}

/// Raw data for one input, and what the host makes of it.
public struct GoldenRaw: Equatable, Sendable {
  /// The input's name.
  public let input: String
  /// Height, width and 3 of a picture; otherwise how many.
  public let shape: [Int]
  /// Where its bytes lie in the file.
  public let bytes: Range<Int>
  /// Every which value of the input is compared.
  public let stride: Int
  /// Where these values lie in the file, as the model stores them.
  public let expected: Range<Int>

  /// Raw data of the contract.
  public init(
    input: String, shape: [Int], bytes: Range<Int>, stride: Int, expected: Range<Int>
  ) {
    self.input = input
    self.shape = shape
    self.bytes = bytes
    self.stride = stride
    self.expected = expected
  }
}

/// The host's labels of an output: UTF-8, a zero behind each.
public struct GoldenLabels: Equatable, Sendable {
  /// The output's name.
  public let output: String
  /// Where they lie in the file.
  public let bytes: Range<Int>

  /// Labels of the contract.
  public init(output: String, bytes: Range<Int>) {
    self.output = output
    self.bytes = bytes
  }
}

/// Raw data out of the golden samples, in the types that preprocessing takes.
public struct RawData {
  let layout: GoldenRaw
  let bytes: [UInt8]

  /// A picture.
  public func image() throws -> RGBImage {
    try RGBImage(width: layout.shape[1], height: layout.shape[0], pixels: bytes)
  }
  /// Sound of one channel.
  public func sound() throws -> Sound { try Sound(samples: numbers()) }
  /// Numbers of 32 bits.
  public func numbers() -> [Float] { Stored.doubles(bytes, .float32).map { Float($0) } }
  /// Text.
  public func text() -> String { String(decoding: bytes, as: UTF8.self) }
}

/// What an app's own code does, for the self-test to look at.
public struct OwnCode {
  /// Makes raw data a stored input, by the input's name.
  public let inputs: [String: (RawData, TensorSpec) throws -> [UInt8]]
  /// The labels that the app gives out, by output.
  public let labels: [String: [String]]

  /// Code of a bundle.
  public init(
    inputs: [String: (RawData, TensorSpec) throws -> [UInt8]] = [:],
    labels: [String: [String]] = [:]
  ) {
    self.inputs = inputs
    self.labels = labels
  }
}

/// One input or output in the file of golden samples, as the model itself stores it.
public struct GoldenTensor: Equatable, Sendable {
  /// The two sides of a model.
  public enum Role: Sendable {
    case input, output
  }

  /// Whether it is fed or compared.
  public let role: Role
  /// The name in the model's signature.
  public let name: String
  /// Where its bytes begin in each sample.
  public let offset: Int
  /// Its bytes in each sample.
  public let byteCount: Int
  /// How far an output may be from it on other kernels.
  public let tolerance: Tolerance

  /// A tensor of the contract's golden samples.
  public init(
    role: Role, name: String, offset: Int, byteCount: Int,
    tolerance: Tolerance = Tolerance(worst: 0, rms: 0)
  ) {
    self.role = role
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.tolerance = tolerance
  }
}

/// A few inputs, and what the host computed of them with this very file.
public struct GoldenSamples: Equatable, Sendable {
  /// The file's name; sample after sample, without a header.
  public let file: String
  /// Samples in it.
  public let sampleCount: Int
  /// Bytes of one sample.
  public let sampleByteCount: Int
  /// What a sample holds.
  public let tensors: [GoldenTensor]
  /// Raw data, behind the samples.
  public let raw: [GoldenRaw]
  /// Labels, behind the samples.
  public let labels: [GoldenLabels]
  /// Bytes in all.
  public let byteCount: Int

  /// The contract's golden samples.
  public init(
    file: String, byteCount: Int, sampleCount: Int, sampleByteCount: Int, tensors: [GoldenTensor],
    raw: [GoldenRaw] = [], labels: [GoldenLabels] = []
  ) {
    self.file = file
    self.sampleCount = sampleCount
    self.sampleByteCount = sampleByteCount
    self.tensors = tensors
    self.raw = raw
    self.labels = labels
    self.byteCount = byteCount
  }

  /// The bytes of `tensor` in sample `index` of the file's `content`.
  public func bytes(_ tensor: GoldenTensor, sample index: Int, in content: [UInt8]) -> [UInt8] {
    let start = index * sampleByteCount + tensor.offset
    return Array(content[start..<start + tensor.byteCount])
  }
}
