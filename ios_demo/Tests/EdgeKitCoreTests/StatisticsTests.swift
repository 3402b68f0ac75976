import XCTest

@testable import EdgeKitCore

final class StatisticsTests: XCTestCase {
  func testQuantilesLieBetweenMeasurementsAsInNumPy() throws {
    let ten = try Statistics((1...10).map { Double($0) }.reversed())
    XCTAssertEqual(ten.median, 5.5)
    XCTAssertEqual(ten.p90, 9.1, accuracy: 1e-12)
    XCTAssertEqual([ten.minimum, ten.maximum], [1, 10])
    XCTAssertEqual(ten.count, 10)
  }

  func testOneMeasurementIsEverything() throws {
    let one = try Statistics([0.25])
    XCTAssertEqual([one.median, one.p90, one.minimum, one.maximum], [0.25, 0.25, 0.25, 0.25])
  }

  func testNoMeasurementIsRefused() {
    XCTAssertThrowsError(try Statistics([]))
    XCTAssertThrowsError(try Statistics([1, .nan]))
  }

  func testABenchmarkRunsWarmUpAndRuns() throws {
    var calls = 0
    let statistics = try Benchmark.statistics(warmup: 2, runs: 7) { calls += 1 }
    XCTAssertEqual(calls, 9)
    XCTAssertEqual(statistics.count, 7)
    XCTAssertGreaterThanOrEqual(statistics.minimum, 0)
  }
}

final class TopKTests: XCTestCase {
  func testTheHighestComeFirstAndEqualOnesInOrder() {
    let scores = LabelledScores(values: [0.1, 0.7, 0.7, 0.2], labels: ["a", "b", "c", "d"])
    XCTAssertEqual(scores.topK(3).map(\.label), ["b", "c", "d"])
    XCTAssertEqual(scores.best, Prediction(index: 1, label: "b", score: 0.7))
  }

  func testMoreThanThereAreGivesAll() {
    let scores = LabelledScores(values: [1, 2], labels: ["a"])
    XCTAssertEqual(scores.topK(9).map(\.label), ["1", "a"])
    XCTAssertEqual(scores.topK(0), [])
    XCTAssertNil(LabelledScores(values: [], labels: []).best)
  }

  func testNaNComesLast() {
    let scores = LabelledScores(values: [.nan, -1, .nan, 3], labels: [])
    XCTAssertEqual(scores.topK(4).map(\.index), [3, 1, 0, 2])
  }
}
