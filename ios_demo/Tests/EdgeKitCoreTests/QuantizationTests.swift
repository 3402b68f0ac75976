import XCTest

@testable import EdgeKitCore

final class QuantizationTests: XCTestCase {
  private let half = Quantization(scale: 0.5, zeroPoint: -3)

  func testHalvesAreRoundedToEven() throws {
    // value / scale is 0.5, 1.5, 2.5, -0.5, -1.5
    let codes = try [0.25, 0.75, 1.25, -0.25, -0.75].map { try half.stored($0, as: .int8) }
    XCTAssertEqual(codes, [0 - 3, 2 - 3, 2 - 3, 0 - 3, -2 - 3])
  }

  func testCodesStayWithinTheType() throws {
    XCTAssertEqual(try half.stored(1e30, as: .int8), 127)
    XCTAssertEqual(try half.stored(-1e30, as: .int8), -128)
    XCTAssertEqual(try half.stored(-1e30, as: .uint8), 0)
    XCTAssertEqual(try half.stored(1e30, as: .int16), 32767)
    XCTAssertEqual(try half.stored(1e30, as: .int32), Int(Int32.max))
    XCTAssertEqual(try half.stored(1e30, as: .int64), Int(Int64.max))
    XCTAssertEqual(try half.stored(-1e30, as: .int64), Int(Int64.min))
  }

  func testValuesThatAreNoNumbersAreRefused() {
    for value in [Float.nan, .infinity, -.infinity] {
      XCTAssertThrowsError(try half.stored(value, as: .int8))
      XCTAssertThrowsError(try half.stored(value, as: .int32))
    }
    // Finite, but its code is not.
    let fine = Quantization(scale: 1e-30, zeroPoint: 0)
    XCTAssertThrowsError(try fine.stored(1e30, as: .int8))
  }

  func testEveryCodeSurvivesTheWayThere() throws {
    let odd = Quantization(scale: 0.003_921_568_9, zeroPoint: -128)
    for code in -128...127 {
      XCTAssertEqual(try odd.stored(odd.real(code, from: .int8), as: .int8), code)
    }
  }
}
