import XCTest

@testable import EdgeKitCore

/// Adds 1 to each byte, and whatever error is asked for.
private final class FakeEngine: Engine {
  let inputByteCounts = ["x": 2]
  let outputByteCounts = ["y": 2]
  var wrong: UInt8 = 0
  var runs = 0

  func run(_ inputs: [String: [UInt8]]) throws -> [String: [UInt8]] {
    runs += 1
    let x = try Engines.bytes(inputs, of: "x", count: 2)
    return ["y": [x[0] &+ 1, x[1] &+ 1 &+ wrong]]
  }
}

final class SelfTestTests: XCTestCase {
  /// Two samples, whose outputs are the inputs plus 1; a step of the output is 0.5.
  private let content: [UInt8] = [1, 2, 2, 3, 5, 6, 6, 7]
  private let info = ModelInfo(
    variant: "v", file: "f", byteCount: 0, sha256: "", oldestRuntime: "",
    inputs: [TensorSpec(name: "x", shape: [1, 2], type: .int8)],
    outputs: [
      TensorSpec(
        name: "y", shape: [1, 2], type: .int8, quantization: Quantization(scale: 0.5, zeroPoint: 9))
    ],
    golden: GoldenSamples(
      file: "g", byteCount: 8, sampleCount: 2, sampleByteCount: 4,
      tensors: [
        GoldenTensor(role: .input, name: "x", offset: 0, byteCount: 2),
        GoldenTensor(
          role: .output, name: "y", offset: 2, byteCount: 2,
          tolerance: Tolerance(worst: 0.5, rms: 0.4, agreement: 0.5)),
      ]))

  func testTheHostsOutputsAreBitExact() throws {
    let engine = FakeEngine()
    let report = try SelfTest.run(info, golden: content, engine: engine)
    XCTAssertTrue(report.passed && report.isBitExact)
    XCTAssertEqual([report.worstDifference, report.tolerance], [0, 0.5])
    XCTAssertEqual(engine.runs, 2)
  }

  func testOneStepIsWithinTheToleranceAndTwoAreNot() throws {
    let engine = FakeEngine()
    engine.wrong = 1
    let one = try SelfTest.run(info, golden: content, engine: engine)
    XCTAssertTrue(one.passed)
    XCTAssertFalse(one.isBitExact)
    XCTAssertEqual(one.worstDifference, 0.5)
    XCTAssertEqual(one.outputs[0].equalCount, 2)
    engine.wrong = 2
    let two = try SelfTest.run(info, golden: content, engine: engine)
    XCTAssertFalse(two.passed)
    XCTAssertEqual(
      "\(two)",
      "failed: 2 of 4 values equal; y: worst difference 1.0, tolerance 0.5, "
        + "root mean square \(0.5.squareRoot()), tolerance 0.4, agreement 1.0, at least 0.5")
  }

  /// The same samples with another tolerance of the output.
  private func report(_ tolerance: Tolerance, wrong: UInt8) throws -> SelfTestReport {
    let output = GoldenTensor(
      role: .output, name: "y", offset: 2, byteCount: 2, tolerance: tolerance)
    let info = ModelInfo(
      variant: "v", file: "f", byteCount: 0, sha256: "", oldestRuntime: "",
      inputs: self.info.inputs, outputs: self.info.outputs,
      golden: GoldenSamples(
        file: "g", byteCount: 8, sampleCount: 2, sampleByteCount: 4,
        tensors: [self.info.golden.tensors[0], output]))
    let engine = FakeEngine()
    engine.wrong = wrong
    return try SelfTest.run(info, golden: content, engine: engine)
  }

  func testColumnsHaveTolerancesOfTheirOwn() throws {
    let tolerance = Tolerance(
      worst: 9, rms: 9,
      columns: [
        ColumnTolerance(columns: 0..<1, worst: 9, rms: 9),
        ColumnTolerance(columns: 1..<2, worst: 0.25, rms: 0.25),
      ])
    XCTAssertTrue(try report(tolerance, wrong: 0).isBitExact)
    let wrong = try report(tolerance, wrong: 1)
    XCTAssertEqual(wrong.outputs.map(\.passed), [true, false])
    XCTAssertEqual(wrong.outputs.map(\.columns), [0..<1, 1..<2])
    XCTAssertTrue("\(wrong)".contains("y, columns 1 to 1: worst difference 0.5, tolerance 0.25"))
  }

  func testDecisionsAreThoseOfTheKind() throws {
    // Outputs are -3.5 and -3, then -1.5 and -1; a step of 0.5 moves one of the four across -2.75.
    let byValue = Tolerance(worst: 9, rms: 9, agreement: 1, threshold: -2.75)
    let wrong = try report(byValue, wrong: 1)
    XCTAssertEqual(wrong.outputs[0].agreement, 0.75)
    XCTAssertFalse(wrong.passed)
    let byLargest = try report(Tolerance(worst: 9, rms: 9, agreement: 1), wrong: 1)
    XCTAssertEqual(byLargest.outputs[0].agreement, 1)
    XCTAssertTrue(byLargest.passed)
  }

  func testAnotherFileOtherLabelsAndPreprocessingAreSeen() throws {
    let right: [UInt8] = Array("a\0b\0".utf8)
    let wider = content + [7, 8] + [14, 16] + right
    let golden = GoldenSamples(
      file: "g", byteCount: wider.count, sampleCount: 2, sampleByteCount: 4,
      tensors: info.golden.tensors,
      raw: [GoldenRaw(input: "x", shape: [2], bytes: 8..<10, stride: 1, expected: 10..<12)],
      labels: [GoldenLabels(output: "y", bytes: 12..<16)])
    // The SHA-256 of "abc", of the standard's own example.
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let info = ModelInfo(
      variant: "v", file: "f", byteCount: 3, sha256: known, oldestRuntime: "",
      inputs: self.info.inputs, outputs: self.info.outputs, golden: golden)
    func problems(_ model: String, _ factor: UInt8, _ labels: [String]) throws -> Int {
      let code = OwnCode(
        inputs: ["x": { raw, _ in raw.bytes.map { $0 * factor } }], labels: ["y": labels])
      return try SelfTest.run(
        info, golden: wider, model: Array(model.utf8), code: code, engine: FakeEngine()
      ).problems.count
    }
    XCTAssertEqual(try problems("abc", 2, ["a", "b"]), 0)
    XCTAssertEqual(try problems("abd", 2, ["a", "b"]), 1)
    XCTAssertEqual(try problems("abc", 3, ["a", "b"]), 1)
    XCTAssertEqual(try problems("abc", 2, ["b", "a"]), 1)
    XCTAssertEqual(try problems("abc", 2, ["a"]), 1)
  }

  func testADamagedFileIsRefused() {
    XCTAssertThrowsError(
      try SelfTest.run(info, golden: Array(content.dropLast()), engine: FakeEngine()))
  }
}
