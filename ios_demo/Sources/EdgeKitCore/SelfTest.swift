/// How far one output is from what the host computed, over all golden samples.
public struct OutputDifference: Equatable, Sendable {
  /// The output's name in the model's signature.
  public let name: String
  /// Values compared.
  public let valueCount: Int
  /// Values whose bytes are the host's.
  public let equalCount: Int
  /// The largest difference in real units; infinite where one side alone is no number.
  public let worst: Double
  /// What is allowed, in real units.
  public let tolerance: Double

  /// Whether the difference is within the tolerance.
  public var passed: Bool { worst <= tolerance }
}

/// What a self-test found.
public struct SelfTestReport: Equatable, Sendable, CustomStringConvertible {
  /// Golden samples that were replayed.
  public let sampleCount: Int
  /// Each output's difference, in the contract's order.
  public let outputs: [OutputDifference]

  /// Whether every output is within its tolerance, and something was compared.
  public var passed: Bool { sampleCount > 0 && !outputs.isEmpty && outputs.allSatisfy(\.passed) }
  /// Whether every byte of every output is the host's.
  public var isBitExact: Bool {
    sampleCount > 0 && outputs.allSatisfy { $0.equalCount == $0.valueCount }
  }
  /// The largest difference of all outputs, in real units.
  public var worstDifference: Double { outputs.map(\.worst).max() ?? 0 }
  /// The tolerance of the output that comes nearest to breaking its own, in real units.
  public var tolerance: Double {
    outputs.max { $0.worst - $0.tolerance < $1.worst - $1.tolerance }?.tolerance ?? 0
  }

  /// One line for the person.
  public var description: String {
    let equal = outputs.reduce(0) { $0 + $1.equalCount }
    let all = outputs.reduce(0) { $0 + $1.valueCount }
    return "\(passed ? "passed" : "failed"): \(equal) of \(all) values equal, worst difference "
      + "\(worstDifference), tolerance \(tolerance)"
  }
}

/// Replaying golden samples on this device.
public enum SelfTest {
  /// Run every golden sample of a model and compare each output.
  ///
  /// - Parameters:
  ///   - info: The model, its tensors and what its golden samples hold.
  ///   - golden: The content of the file of golden samples.
  ///   - engine: Has this model loaded.
  /// - Throws: `EdgeKitError` where the file is not of the stated size, or the run fails.
  public static func run(
    _ info: ModelInfo, golden content: [UInt8], engine: any Engine
  ) throws -> SelfTestReport {
    let golden = info.golden
    guard content.count == golden.sampleCount * golden.sampleByteCount else {
      throw EdgeKitError(
        .resource,
        "\(golden.file) holds \(golden.sampleCount) samples of \(golden.sampleByteCount) bytes.",
        received: "\(content.count) bytes")
    }
    var tallies = [String: Tally]()
    for sample in 0..<golden.sampleCount {
      var inputs = [String: [UInt8]]()
      for tensor in golden.tensors where tensor.role == .input {
        inputs[tensor.name] = golden.bytes(tensor, sample: sample, in: content)
      }
      let made = try engine.run(inputs)
      for tensor in golden.tensors where tensor.role == .output {
        guard let spec = info.outputs.first(where: { $0.name == tensor.name }),
          let mine = made[tensor.name], mine.count == tensor.byteCount
        else {
          throw EdgeKitError(
            .resource, "Output '\(tensor.name)' has \(tensor.byteCount) bytes.",
            received: made[tensor.name].map { "\($0.count) bytes" } ?? "no such output")
        }
        let host = golden.bytes(tensor, sample: sample, in: content)
        tallies[tensor.name, default: Tally()].add(mine, host, spec)
      }
    }
    return SelfTestReport(
      sampleCount: golden.sampleCount,
      outputs: golden.tensors.filter { $0.role == .output }.map { tensor in
        let tally = tallies[tensor.name] ?? Tally()
        return OutputDifference(
          name: tensor.name, valueCount: tally.count, equalCount: tally.equal, worst: tally.worst,
          tolerance: tensor.tolerance)
      })
  }

  private struct Tally {
    var count = 0
    var equal = 0
    var worst = 0.0

    mutating func add(_ mine: [UInt8], _ host: [UInt8], _ spec: TensorSpec) {
      let size = spec.type.byteCount
      let (left, right) = (spec.doubles(mine), spec.doubles(host))
      for index in left.indices {
        let bytes = index * size..<(index + 1) * size
        count += 1
        if mine[bytes] == host[bytes] {
          equal += 1
          continue
        }
        let difference = abs(left[index] - right[index])
        let bothNaN = left[index].isNaN && right[index].isNaN
        worst = max(worst, bothNaN ? 0 : difference.isNaN ? .infinity : difference)
      }
    }
  }
}
