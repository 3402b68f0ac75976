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
      file: "g", sampleCount: 2, sampleByteCount: 4,
      tensors: [
        GoldenTensor(role: .input, name: "x", offset: 0, byteCount: 2),
        GoldenTensor(role: .output, name: "y", offset: 2, byteCount: 2, tolerance: 0.5),
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
      "\(two)", "failed: 2 of 4 values equal, worst difference 1.0, tolerance 0.5")
  }

  func testADamagedFileIsRefused() {
    XCTAssertThrowsError(
      try SelfTest.run(info, golden: Array(content.dropLast()), engine: FakeEngine()))
  }
}
