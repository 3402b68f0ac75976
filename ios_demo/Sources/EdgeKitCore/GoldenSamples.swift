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
  /// How far an output may be from it on other kernels, in real units.
  public let tolerance: Double

  /// A tensor of the contract's golden samples.
  public init(role: Role, name: String, offset: Int, byteCount: Int, tolerance: Double = 0) {
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

  /// The contract's golden samples.
  public init(file: String, sampleCount: Int, sampleByteCount: Int, tensors: [GoldenTensor]) {
    self.file = file
    self.sampleCount = sampleCount
    self.sampleByteCount = sampleByteCount
    self.tensors = tensors
  }

  /// The bytes of `tensor` in sample `index` of the file's `content`.
  public func bytes(_ tensor: GoldenTensor, sample index: Int, in content: [UInt8]) -> [UInt8] {
    let start = index * sampleByteCount + tensor.offset
    return Array(content[start..<start + tensor.byteCount])
  }
}
