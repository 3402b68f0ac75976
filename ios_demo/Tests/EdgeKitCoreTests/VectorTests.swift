import XCTest

@testable import EdgeKitCore

final class VectorTests: XCTestCase {
  func testEveryVectorIsComputedAsTheReferenceComputesIt() throws {
    let cases = try VectorCase.all()
    var kinds = [String: Int]()
    for vector in cases {
      kinds[vector.word("kind"), default: 0] += 1
      let tolerance = try XCTUnwrap(Double(vector.word("tolerance")), vector.name)
      let made = try vector.computed()
      if tolerance == 0 {
        // Not XCTAssertEqual, which would print all bytes of both.
        XCTAssertTrue(made == vector.expected, vector.name)
        continue
      }
      let type = try XCTUnwrap(ElementType(rawValue: vector.expectedType))
      let mine = Stored.doubles(made, type)
      let expected = Stored.doubles(vector.expected, type)
      XCTAssertEqual(mine.count, expected.count, vector.name)
      for (a, b) in zip(mine, expected) {
        XCTAssertEqual(a, b, accuracy: tolerance, vector.name)
      }
    }
    XCTAssertEqual(Set(kinds.keys), ["image", "audio", "tabular", "text"])
    let counted = kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    print("vectors: \(cases.count) cases replayed: \(counted.joined(separator: ", "))")
  }
}
