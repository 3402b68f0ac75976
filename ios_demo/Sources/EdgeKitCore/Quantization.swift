/// How real values are stored as integers: `real = scale * (stored - zeroPoint)`.
public struct Quantization: Equatable, Sendable {
  /// Real units of one step, above 0.
  public let scale: Float
  /// The integer that means 0.
  public let zeroPoint: Int

  /// A scale and a zero point.
  public init(scale: Float, zeroPoint: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// `round(value / scale) + zeroPoint` with halves to even, within the type's range.
  ///
  /// Computed in 32 bits for types of up to 16 bits, else in 64, as the host does.
  ///
  /// - Throws: `EdgeKitError` for NaN, infinity, or a value whose code overflows.
  public func stored(_ value: Float, as type: ElementType) throws -> Int {
    guard let range = type.range else {
      throw EdgeKitError(.input, "Quantized values must be integers.", received: type.rawValue)
    }
    if type.byteCount <= 2 {
      let code = (value / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
      guard code.isFinite else { throw notFinite(value) }
      return Int(min(max(code, Float(range.lowerBound)), Float(range.upperBound)))
    }
    let exact = Double(value) / Double(scale)
    let code = exact.rounded(.toNearestOrEven) + Double(zeroPoint)
    guard code.isFinite else { throw notFinite(value) }
    // 2^63 as a double lies above the largest integer.
    if code >= Double(range.upperBound) { return range.upperBound }
    return code <= Double(range.lowerBound) ? range.lowerBound : Int(code)
  }

  /// The real value of a stored one, in 32 bits for types of up to 16 bits, else in 64.
  public func real(_ stored: Int, from type: ElementType) -> Float {
    if type.byteCount <= 2 { return (Float(stored) - Float(zeroPoint)) * scale }
    return Float((Double(stored) - Double(zeroPoint)) * Double(scale))
  }

  private func notFinite(_ value: Float) -> EdgeKitError {
    EdgeKitError(.input, "Values to be quantized must be finite.", received: "\(value)")
  }
}
