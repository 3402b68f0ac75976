import EdgeKitCore
import Foundation
import XCTest

@testable import Digits

final class DigitsOnThisHost: XCTestCase {
  #if os(Linux)
    /// The engine and the kernels are those that made the golden samples.
    func testEveryVariantIsBitExact() throws {
      for variant in DigitsVariant.allCases {
        let report = try Digits(variant: variant).selfTest()
        XCTAssertEqual(report.sampleCount, variant.info.golden.sampleCount)
        XCTAssertGreaterThan(report.outputs[0].valueCount, 0)
        XCTAssertTrue(report.isBitExact, "\(variant): \(report)")
        print("golden: \(variant.rawValue), \(report.sampleCount) samples, \(report)")
      }
    }
  #endif

  func testThreadsDoNotChangeWhatIsComputed() throws {
    let image = try RGBImage(width: 8, height: 8, gray: (0..<64).map { UInt8($0 * 4) })
    let one = try Digits(variant: .staticWi8Ai8).run(image: image)
    let two = try Digits(variant: .staticWi8Ai8, threads: 2).run(image: image)
    XCTAssertEqual(one.digit, two.digit)
    XCTAssertGreaterThan(one.seconds, 0)
  }

  func testAPictureOfAnySizeGivesProbabilities() throws {
    let image = try RGBImage(
      width: 31, height: 17, gray: (0..<31 * 17).map { UInt8($0 * 7 % 256) })
    for variant in DigitsVariant.allCases {
      let result = try Digits(variant: variant).run(image: image)
      XCTAssertEqual(result.digit.labels, Digits.Labels.digit)
      XCTAssertEqual(result.digit.values.reduce(0, +), 1, accuracy: 0.02)
      XCTAssertEqual(result.digit.topK(3).count, 3)
    }
  }

  func testAMissingModelIsAnErrorThatNamesIt() throws {
    let nowhere = ResourceFolder(Bundle(for: Self.self))
    XCTAssertThrowsError(
      try ModelRunner(
        DigitsVariant.float32.info, resources: nowhere, threads: 1, engine: Engines.make)
    ) { error in
      XCTAssertEqual((error as? EdgeKitError)?.kind, .resource)
      XCTAssertTrue("\(error)".hasPrefix("digits.float32.tflite"), "\(error)")
    }
  }

  func testAFileThatIsNoModelIsRefused() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("no.tflite")
    try Data("not a model".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    XCTAssertThrowsError(try Engines.make(modelPath: file.path, threads: 1)) { error in
      XCTAssertEqual((error as? EdgeKitError)?.kind, .engine)
    }
  }

  func testAnInputOfAnotherSizeIsRefused() throws {
    let runner = try ModelRunner(
      DigitsVariant.float32.info, resources: ResourceFolder(Digits.bundle), threads: 1,
      engine: Engines.make)
    XCTAssertThrowsError(try runner.run([[1, 2, 3]]))
    XCTAssertThrowsError(try runner.run([]))
  }
}
