/// `(value - mean) / std` in 32 bits, by position in a repeating group: channel, column or all.
public struct Normalization: Equatable, Sendable {
  /// One mean for all, or one for each position of a group.
  public let mean: [Float]
  /// One divisor for all, or one for each position of a group; none is 0.
  public let std: [Float]

  /// Means and divisors; each of one value, or of one for each position.
  public init(mean: [Float], std: [Float]) {
    precondition(!mean.isEmpty && !std.isEmpty, "at least one mean and one std")
    self.mean = mean
    self.std = std
  }

  /// `value` at `position` of its group, normalized.
  @inlinable
  public func callAsFunction(_ value: Float, at position: Int = 0) -> Float {
    let center = mean.count == 1 ? mean[0] : mean[position]
    let width = std.count == 1 ? std[0] : std[position]
    return (value - center) / width
  }
}
