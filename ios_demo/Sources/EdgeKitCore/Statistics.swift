import Dispatch

/// What a series of measurements says.
public struct Statistics: Equatable, Sendable {
  /// Measurements.
  public let count: Int
  /// Their middle, in their own unit.
  public let median: Double
  /// What nine of ten do not exceed, in their own unit.
  public let p90: Double
  /// The smallest one.
  public let minimum: Double
  /// The largest one.
  public let maximum: Double

  /// Statistics of at least one measurement.
  ///
  /// - Throws: `EdgeKitError` where there is none, or one is NaN.
  public init(_ measurements: [Double]) throws {
    guard !measurements.isEmpty, !measurements.contains(where: \.isNaN) else {
      throw EdgeKitError(
        .input, "Statistics need at least one number.",
        received: measurements.isEmpty ? "none" : "NaN")
    }
    let sorted = measurements.sorted()
    count = sorted.count
    median = Self.quantile(0.5, of: sorted)
    p90 = Self.quantile(0.9, of: sorted)
    minimum = sorted[0]
    maximum = sorted[sorted.count - 1]
  }

  /// The fraction's place among sorted values, linear between two of them, as NumPy does it.
  static func quantile(_ fraction: Double, of sorted: [Double]) -> Double {
    let place = fraction * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    let (low, high, part) = (sorted[below], sorted[above], place - Double(below))
    // From the nearer end, so that no rounding leads past it.
    return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part)
  }
}

/// Measuring how long something takes.
public enum Benchmark {
  /// Seconds that `work` takes, by a clock that only goes forward.
  public static func seconds<Result>(
    _ work: () throws -> Result
  ) rethrows -> (
    result: Result, seconds: Double
  ) {
    let start = DispatchTime.now().uptimeNanoseconds
    let result = try work()
    return (result, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
  }

  /// Seconds of `runs` runs, after `warmup` runs that do not count.
  ///
  /// - Throws: What `work` throws, or `EdgeKitError` where `runs` is below 1.
  public static func statistics(
    warmup: Int = 5, runs: Int = 50, _ work: () throws -> Void
  ) throws -> Statistics {
    for _ in 0..<max(0, warmup) { try work() }
    var measured = [Double]()
    for _ in 0..<max(0, runs) { measured.append(try seconds(work).seconds) }
    return try Statistics(measured)
  }
}
