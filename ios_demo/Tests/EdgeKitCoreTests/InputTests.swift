import XCTest

@testable import EdgeKitCore

final class InputTests: XCTestCase {
  func testAnImageOfTheModelsSizeIsLeftAsItIs() throws {
    let image = try RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
    XCTAssertEqual(image.resized(width: 2, height: 1, .bicubic), image)
  }

  func testPixelsThatDoNotFillTheImageAreRefused() {
    XCTAssertThrowsError(try RGBImage(width: 2, height: 1, pixels: [1, 2, 3]))
    XCTAssertThrowsError(try RGBImage(width: 0, height: 1, pixels: []))
    XCTAssertThrowsError(try RGBImage(width: 1, height: 1, rgba: [1, 2, 3]))
  }

  func testAlphaIsDropped() throws {
    let image = try RGBImage(width: 1, height: 1, rgba: [9, 8, 7, 0])
    XCTAssertEqual(image.pixels, [9, 8, 7])
  }

  func testARowByColumnNames() throws {
    let input = TabularInput(
      count: 2, features: 2, columns: ["a", "b"],
      normalization: Normalization(mean: [1, 2], std: [2, 4]))
    XCTAssertEqual(try input.values(["b": 10, "a": 3]), [1, 2])
    XCTAssertThrowsError(try input.values(["a": 3]))
    XCTAssertThrowsError(try input.values([1, 2, 3]))
  }

  func testTwoSpellingsOfOneCharacterAreDifferentEntries() {
    // Swift's strings take "é" and "e" with an accent as equal.
    let input = TextInput(length: 3, vocabulary: ["[UNK]", "é", "e"], unknownID: 0)
    XCTAssertTrue(input.byCharacter)
    XCTAssertEqual(input.ids("\u{e9}"), [1, 0, 0])
    XCTAssertEqual(input.ids("e\u{301}"), [2, 0, 0])
    let words = TextInput(length: 2, vocabulary: ["caf\u{e9}", "cafe\u{301}"], unknownID: 7)
    XCTAssertEqual(words.ids("cafe\u{301} x"), [1, 7])
  }

  func testSoundOfNoWholeNumberOfFramesIsRefused() {
    XCTAssertThrowsError(try Sound(samples: [1, 2, 3], channels: 2))
  }
}
