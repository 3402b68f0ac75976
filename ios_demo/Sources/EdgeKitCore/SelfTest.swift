/// How far one output, or some columns of it, is from what the host computed, over all golden
/// samples.
public struct OutputDifference: Equatable, Sendable {
  /// The output's name in the model's signature.
  public let name: String
  /// Which columns of the last axis are compared; nil for all of them.
  public let columns: Range<Int>?
  /// Values compared.
  public let valueCount: Int
  /// Values whose bytes are the host's.
  public let equalCount: Int
  /// The largest difference in real units; infinite where one side alone is no number.
  public let worst: Double
  /// The root mean square of all differences, in real units.
  public let rms: Double
  /// The share of decisions that are the host's, by the output's tolerance.
  public let agreement: Double
  /// What each of these may be.
  public let allowed: Tolerance

  /// What `worst` may be, in real units.
  public var tolerance: Double { allowed.worst }
  /// Whether all of it is within the tolerances.
  public var passed: Bool {
    worst <= allowed.worst && rms <= allowed.rms && agreement >= (allowed.agreement ?? 0)
  }
}

/// What a self-test found.
public struct SelfTestReport: Equatable, Sendable, CustomStringConvertible {
  /// Golden samples that were replayed.
  public let sampleCount: Int
  /// The difference of each output, or of each group of its columns, in the contract's order.
  public let outputs: [OutputDifference]

  /// Sentences: a file, labels or a preprocessing that are not those of the host.
  public let problems: [String]

  /// Whether there is no problem, every output is within its tolerances, and something was compared.
  public var passed: Bool {
    problems.isEmpty && sampleCount > 0 && !outputs.isEmpty && outputs.allSatisfy(\.passed)
  }
  /// Whether every byte of every output is the host's.
  public var isBitExact: Bool {
    passed && outputs.allSatisfy { $0.equalCount == $0.valueCount }
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
    let numbers =
      outputs.map { output in
        let alike = output.allowed.agreement.map {
          ", agreement \(output.agreement), at least \($0)"
        }
        let columns = output.columns.map { ", columns \($0.lowerBound) to \($0.upperBound - 1)" }
        return "\(output.name)\(columns ?? ""): worst difference \(output.worst), "
          + "tolerance \(output.tolerance), root mean square \(output.rms), "
          + "tolerance \(output.allowed.rms)\(alike ?? "")"
      }
    let parts = ["\(equal) of \(all) values equal"] + numbers + problems
    return "\(passed ? "passed" : "failed"): \(parts.joined(separator: "; "))"
  }
}

/// Replaying golden samples on this device.
public enum SelfTest {
  /// Run every golden sample of a model and compare each output.
  ///
  /// - Parameters:
  ///   - info: The model, its tensors and what its golden samples hold.
  ///   - golden: The content of the file of golden samples.
  ///   - model: The content of the model's file; nil where it was looked at before.
  ///   - code: The app's own preprocessing and labels.
  ///   - engine: Has this model loaded.
  /// - Throws: `EdgeKitError` where the file is not of the stated size, or the run fails.
  public static func run(
    _ info: ModelInfo, golden content: [UInt8], model: [UInt8]? = nil, code: OwnCode = OwnCode(),
    engine: any Engine
  ) throws -> SelfTestReport {
    let golden = info.golden
    guard content.count == golden.byteCount,
      content.count >= golden.sampleCount * golden.sampleByteCount
    else {
      throw EdgeKitError(
        .resource, "\(golden.file) must hold \(golden.byteCount) bytes.",
        received: "\(content.count) bytes")
    }
    var problems = self.problems(info, content, code)
    if let model, SHA256.hex(model) != info.sha256 {
      problems.append("\(info.file) is not the file that contract.json describes.")
    }
    var tallies = golden.tensors.filter { $0.role == .output }.flatMap { tensor in
      tensor.tolerance.columns.isEmpty
        ? [Tally(tensor)] : tensor.tolerance.columns.map { Tally(tensor, $0) }
    }
    for sample in 0..<golden.sampleCount {
      var inputs = [String: [UInt8]]()
      for tensor in golden.tensors where tensor.role == .input {
        inputs[tensor.name] = golden.bytes(tensor, sample: sample, in: content)
      }
      let made = try engine.run(inputs)
      for index in tallies.indices {
        let tensor = tallies[index].tensor
        guard let spec = info.outputs.first(where: { $0.name == tensor.name }),
          let mine = made[tensor.name], mine.count == tensor.byteCount
        else {
          throw EdgeKitError(
            .resource, "Output '\(tensor.name)' must have \(tensor.byteCount) bytes.",
            received: made[tensor.name].map { "\($0.count) bytes" } ?? "no such output")
        }
        let host = golden.bytes(tensor, sample: sample, in: content)
        tallies[index].add(mine, host, spec)
      }
    }
    return SelfTestReport(
      sampleCount: golden.sampleCount, outputs: tallies.map(\.difference), problems: problems)
  }

  /// What is not the host's of an app's labels and preprocessing.
  static func problems(_ info: ModelInfo, _ content: [UInt8], _ code: OwnCode) -> [String] {
    var found = [String]()
    for held in info.golden.labels {
      var mine = [UInt8]()
      for label in code.labels[held.output] ?? [] { mine += Array(label.utf8) + [0] }
      if mine != Array(content[held.bytes]) {
        found.append("The labels of \(held.output) are not the host's.")
      }
    }
    for raw in info.golden.raw {
      guard let spec = info.inputs.first(where: { $0.name == raw.input }),
        let prepare = code.inputs[raw.input],
        let made = try? prepare(RawData(layout: raw, bytes: Array(content[raw.bytes])), spec),
        every(raw.stride, of: made, size: spec.type.byteCount) == Array(content[raw.expected])
      else {
        found.append("\(raw.input) is not prepared as on the host.")
        continue
      }
    }
    return found
  }

  private static func every(_ step: Int, of bytes: [UInt8], size: Int) -> [UInt8] {
    var found = [UInt8]()
    for start in stride(from: 0, to: bytes.count, by: step * size) {
      found += bytes[start..<start + size]
    }
    return found
  }

  private struct Tally {
    let tensor: GoldenTensor
    let columns: Range<Int>?
    let allowed: Tolerance
    var count = 0
    var equal = 0
    var decisions = 0
    var agreeing = 0
    var worst = 0.0
    var squares = 0.0

    init(_ tensor: GoldenTensor, _ group: ColumnTolerance? = nil) {
      self.tensor = tensor
      columns = group?.columns
      allowed = group.map { Tolerance(worst: $0.worst, rms: $0.rms) } ?? tensor.tolerance
    }

    var difference: OutputDifference {
      OutputDifference(
        name: tensor.name, columns: columns, valueCount: count, equalCount: equal, worst: worst,
        rms: (squares / Double(max(1, count))).squareRoot(),
        agreement: Double(agreeing) / Double(max(1, decisions)), allowed: allowed)
    }

    mutating func add(_ mine: [UInt8], _ host: [UInt8], _ spec: TensorSpec) {
      let size = spec.type.byteCount
      let width = max(1, spec.shape.last ?? 1)
      let (left, right) = (spec.doubles(mine), spec.doubles(host))
      for index in left.indices {
        if let columns, !columns.contains(index % width) { continue }
        let bytes = index * size..<(index + 1) * size
        count += 1
        if mine[bytes] == host[bytes] {
          equal += 1
          continue
        }
        let difference = abs(left[index] - right[index])
        let bothNaN = left[index].isNaN && right[index].isNaN
        let far = bothNaN ? 0 : difference.isNaN ? .infinity : difference
        worst = max(worst, far)
        squares += far * far
      }
      if allowed.agreement == nil { return }
      for start in stride(from: 0, to: left.count, by: allowed.threshold == nil ? width : 1) {
        decisions += 1
        let row = start..<start + width
        let same = allowed.threshold.map { (left[start] > $0) == (right[start] > $0) }
        if same ?? (top(left, row) == top(right, row)) { agreeing += 1 }
      }
    }

    private func top(_ values: [Double], _ row: Range<Int>) -> Int {
      row.reduce(row.lowerBound) { values[$1] > values[$0] ? $1 : $0 }
    }
  }
}
