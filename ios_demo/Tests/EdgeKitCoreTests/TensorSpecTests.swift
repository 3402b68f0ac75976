import XCTest

@testable import EdgeKitCore

final class TensorSpecTests: XCTestCase {
  private func spec(_ type: ElementType, _ count: Int, _ quantization: Quantization? = nil)
    -> TensorSpec
  {
    TensorSpec(name: "x", shape: [1, count], type: type, quantization: quantization)
  }

  func testIntegersOfEveryTypeComeBack() throws {
    for type: ElementType in [
      .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool,
    ] {
      let range = try XCTUnwrap(type.range)
      let values = [range.lowerBound, 0, 1, range.upperBound]
      let bytes = try spec(type, 4).stored(values)
      XCTAssertEqual(bytes.count, 4 * type.byteCount)
      XCTAssertEqual(spec(type, 4).integers(bytes), values, type.rawValue)
    }
  }

  func testBytesAreLittleEndian() throws {
    XCTAssertEqual(try spec(.int32, 1).stored([0x0102_0304]), [4, 3, 2, 1])
    XCTAssertEqual(try spec(.float32, 1).stored([Float(1)]), [0, 0, 0x80, 0x3f])
  }

  func testFloatsOfEveryTypeComeBack() throws {
    let values: [Float] = [0, -0.5, 1, 65504, 0.000_061_035_156]
    for type: ElementType in [.float16, .float32, .float64] {
      let bytes = try spec(type, 5).stored(values)
      XCTAssertEqual(spec(type, 5).reals(bytes), values, type.rawValue)
    }
  }

  func testNothingIsRoundedIntoPlainIntegers() throws {
    XCTAssertEqual(try spec(.uint8, 2).stored([0, 255.0]), [0, 255])
    for wrong: Float in [0.5, -1, 256, .nan, .infinity] {
      XCTAssertThrowsError(try spec(.uint8, 1).stored([wrong]), "\(wrong)")
    }
    XCTAssertThrowsError(try spec(.int8, 1).stored([128]))
    XCTAssertThrowsError(try spec(.int64, 1).stored([Float(9.3e18)]))
  }

  func testAnotherNumberOfValuesIsRefused() {
    XCTAssertThrowsError(try spec(.float32, 3).stored([Float(1), 2])) { error in
      XCTAssertEqual(
        "\(error)", "Input 'x' needs 3 values, of shape [1, 3]. Received: 2 values")
    }
  }

  func testIntegersForATensorWithAScaleAreRealValues() throws {
    let scaled = spec(.int8, 2, Quantization(scale: 2, zeroPoint: 1))
    XCTAssertEqual(try scaled.stored([4, -6]), [3, UInt8(bitPattern: -2)])
    XCTAssertEqual(scaled.reals([3, UInt8(bitPattern: -2)]), [4, -6])
  }

  func testEveryHalfFloatComesBack() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfFloat.value(bits)
      if value.isNaN { continue }
      XCTAssertEqual(HalfFloat.bits(value), bits)
    }
  }

  func testHalfFloatsAreTheNearest() {
    // Half the way between 1 and its neighbour goes to the even one; beyond 65520 is infinity.
    XCTAssertEqual(HalfFloat.bits(1 + 1 / 2048), 0x3c00)
    XCTAssertEqual(HalfFloat.bits(1 + 3 / 2048), 0x3c02)
    XCTAssertEqual(HalfFloat.bits(65519.996), 0x7bff)
    XCTAssertEqual(HalfFloat.bits(65520), 0x7c00)
    XCTAssertEqual(HalfFloat.bits(-.infinity), 0xfc00)
    XCTAssertTrue(HalfFloat.value(HalfFloat.bits(.nan)).isNaN)
  }
}
