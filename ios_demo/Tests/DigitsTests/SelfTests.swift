// Made by edgekit 0.1.0 of contract.json; making it again replaces it.

import XCTest

@testable import Digits

final class SelfTests: XCTestCase {
  func testEveryVariantComputesWhatTheHostComputed() throws {
    for variant in DigitsVariant.allCases {
      let report = try Digits(variant: variant).selfTest()
      XCTAssertEqual(report.sampleCount, variant.info.golden.sampleCount)
      XCTAssertTrue(report.passed, "\(variant): \(report)")
    }
  }
}
