/// One input or output of a model: its name in the file, its shape, how it stores values.
public struct TensorSpec: Equatable, Sendable {
  /// The name in the model's signature.
  public let name: String
  /// Sizes, the batch of 1 included.
  public let shape: [Int]
  /// The type of one stored value.
  public let type: ElementType
  /// Scale and zero point; nil where values are stored as they are.
  public let quantization: Quantization?

  /// A tensor of the contract.
  public init(name: String, shape: [Int], type: ElementType, quantization: Quantization? = nil) {
    self.name = name
    self.shape = shape
    self.type = type
    self.quantization = quantization
  }

  /// Values in all.
  public var count: Int { shape.reduce(1, *) }
  /// Bytes in all.
  public var byteCount: Int { count * type.byteCount }

  /// Real values as the tensor stores them.
  ///
  /// - Parameter values: `count` values in C order.
  /// - Throws: `EdgeKitError` for another number of values, or for one that the tensor cannot
  ///   hold: nothing is rounded to fit a tensor of plain integers.
  public func stored(_ values: [Float]) throws -> [UInt8] {
    try check(values.count)
    if let quantization {
      return Stored.bytes(try values.map { try quantization.stored($0, as: type) }, type)
    }
    if let range = type.range {
      for value in values
      where value != value.rounded(.down) || Double(value) < Double(range.lowerBound)
        || Double(value) > Double(range.upperBound) || Int(exactly: value) == nil
      {
        throw unfit("\(value)", range)
      }
    }
    return Stored.bytes(values, type)
  }

  /// Integers as the tensor stores them; in a tensor with a scale they are real values.
  ///
  /// - Parameter values: `count` values in C order.
  /// - Throws: `EdgeKitError` for another number of values, or for one out of range.
  public func stored(_ values: [Int]) throws -> [UInt8] {
    if quantization != nil { return try stored(values.map { Float($0) }) }
    try check(values.count)
    if let range = type.range, let wrong = values.first(where: { !range.contains($0) }) {
      throw unfit("\(wrong)", range)
    }
    return Stored.bytes(values, type)
  }

  /// Truth values as the tensor stores them: 1 and 0.
  ///
  /// - Throws: `EdgeKitError` for another number of values.
  public func stored(_ values: [Bool]) throws -> [UInt8] {
    try stored(values.map { $0 ? 1 : 0 })
  }

  /// The real values of `byteCount` stored bytes, in C order.
  public func reals(_ bytes: [UInt8]) -> [Float] {
    if let quantization {
      return Stored.integers(bytes, type).map { quantization.real($0, from: type) }
    }
    return Stored.doubles(bytes, type).map { Float($0) }
  }

  /// The stored integers of `byteCount` bytes, in C order.
  public func integers(_ bytes: [UInt8]) -> [Int] { Stored.integers(bytes, type) }

  /// The stored truth values of `byteCount` bytes, in C order.
  public func booleans(_ bytes: [UInt8]) -> [Bool] { integers(bytes).map { $0 != 0 } }

  /// Real values in 64 bits, to compare without rounding.
  func doubles(_ bytes: [UInt8]) -> [Double] {
    quantization == nil ? Stored.doubles(bytes, type) : reals(bytes).map { Double($0) }
  }

  private func check(_ given: Int) throws {
    guard given == count else {
      throw EdgeKitError(
        .input, "Input '\(name)' needs \(count) values, of shape \(shape).",
        received: "\(given) values")
    }
  }

  private func unfit(_ value: String, _ range: ClosedRange<Int>) -> EdgeKitError {
    EdgeKitError(
      .input,
      "Input '\(name)' needs whole numbers from \(range.lowerBound) to \(range.upperBound).",
      received: value)
  }
}
