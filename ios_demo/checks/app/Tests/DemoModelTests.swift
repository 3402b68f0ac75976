import Digits
import EdgeKitCore
import Foundation
import XCTest

@testable import AppLogic

@MainActor
final class DemoModelTests: XCTestCase {
  func testDrawnDigitsAreRead() async throws {
    for (label, drawing) in Pens.digits {
      for variant in DigitsVariant.allCases {
        let model = DemoModel()
        model.setup.variant = variant
        draw(drawing, in: model)
        let found = try await result(of: { model.drawn })
        XCTAssertEqual(found.classes.first?.label, label, "\(variant)")
        XCTAssertEqual(found.classes.count, 10)
        XCTAssertEqual(found.classes.reduce(0) { $0 + $1.share }, 1, accuracy: 0.02)
      }
    }
  }

  func testUndoAndClearAreReadAtOnce() async throws {
    let model = DemoModel()
    draw(Pens.four, in: model)
    model.undo()
    _ = try await result(of: { model.drawn })
    XCTAssertEqual(model.drawing.strokes.count, 1)
    model.clear()
    XCTAssertEqual(model.drawn, .idle)
    XCTAssertTrue(model.drawing.isEmpty)
  }

  func testAPhotoIsReadAndReadAgainWhenItIsTurnedRound() async throws {
    let model = DemoModel()
    model.inkIsDark = false
    model.show(photo: .success(try Pens.zero.image(side: 96)))
    let found = try await result(of: { model.photographed })
    XCTAssertEqual(found.classes.first?.label, "zero")
    model.inkIsDark = true
    XCTAssertTrue(model.photographed.isRunning)
    let turned = try await result(of: { model.photographed })
    XCTAssertNotEqual(turned.classes, found.classes)
  }

  func testAPhotoThatCannotBeReadIsSaid() async {
    let model = DemoModel()
    model.show(photo: .failure(EdgeKitError(.input, "The photo is an image.", received: "3 bytes")))
    XCTAssertEqual(model.photographed, .failed("The photo is an image. Received: 3 bytes"))
    XCTAssertNil(model.photo)
  }

  func testABenchmarkCountsItsRuns() async throws {
    let model = DemoModel()
    for threads in [1, 2, 1] {
      model.setup.threads = threads
      model.startBenchmark(plan: BenchmarkPlan(warmUps: 2, runs: 9))
      let timing = try await result(of: { model.benchmark })
      XCTAssertEqual(timing.statistics.count, 9)
      XCTAssertLessThanOrEqual(timing.statistics.median, timing.statistics.p90)
      XCTAssertGreaterThan(timing.statistics.minimum, 0)
      XCTAssertEqual(model.timings.first, timing)
    }
    XCTAssertEqual(model.timings.map(\.setup.threads), [1, 2])  // of each setup the last one
  }

  func testAStoppedBenchmarkLeavesNothing() async throws {
    let model = DemoModel()
    model.startBenchmark(plan: BenchmarkPlan(warmUps: 0, runs: 10_000_000))
    try await Task.sleep(nanoseconds: 50_000_000)
    XCTAssertTrue(model.benchmark.isRunning)
    model.stopBenchmark()
    // The model is free for others again: the benchmark has really ended.
    draw(Pens.zero, in: model)
    _ = try await result(of: { model.drawn })
    XCTAssertEqual(model.benchmark, .idle)
    XCTAssertTrue(model.timings.isEmpty)
  }

  func testTheSelfTestPassesAndIsBitExactForIntegers() async throws {
    let model = DemoModel()
    for variant in DigitsVariant.allCases {
      model.setup.variant = variant
      XCTAssertEqual(model.selfTest, .idle)  // that of another variant is not shown
      model.startSelfTest()
      let report = try await result(of: { model.selfTest })
      XCTAssertTrue(report.passed, "\(variant): \(report)")
      if variant == .staticWi8Ai8 { XCTAssertTrue(report.isBitExact, "\(report)") }
    }
  }

  private func draw(_ drawing: Drawing, in model: DemoModel) {
    for line in drawing.strokes {
      for (index, point) in line.enumerated() { model.draw(to: point, isStart: index == 0) }
      model.finishLine()
    }
  }

  /// The result, when it is there; 20 seconds are enough on any machine.
  private func result<Value>(of phase: () -> Phase<Value>) async throws -> Value {
    for _ in 0..<2000 {
      switch phase() {
      case .done(let value): return value
      case .failed(let reason): throw EdgeKitError(.engine, reason)
      case .idle, .running: try await Task.sleep(nanoseconds: 10_000_000)
      }
    }
    throw EdgeKitError(.engine, "It is done in time.")
  }
}
