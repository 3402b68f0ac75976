import EdgeKitCore
import Foundation
import XCTest

@testable import AppLogic

final class DrawingTests: XCTestCase {
  func testNothingDrawnIsAnErrorThatSaysSo() {
    XCTAssertThrowsError(try Drawing().image()) { error in
      XCTAssertEqual((error as? EdgeKitError)?.kind, .input)
      XCTAssertFalse(error.localizedDescription.isEmpty)
    }
  }

  func testPlaceAndSizeOfADrawingDoNotMatter() throws {
    let image = try Pens.four.image()
    let small = Pens.moved(Pens.four, scale: 0.3, by: (0.6, 0.05))
    let differences = zip(image.pixels, try small.image().pixels).map { abs(Int($0) - Int($1)) }
    XCTAssertLessThanOrEqual(try XCTUnwrap(differences.max()), 1)
  }

  func testADrawingFillsTheFrameAndIsInTheMiddle() throws {
    let image = try Pens.moved(Pens.zero, scale: 0.5, by: (0, 0)).image(side: 64)
    let lit = (0..<64 * 64).filter { image.pixels[$0 * 3] > 127 }
    let (rows, columns) = (lit.map { $0 / 64 }, lit.map { $0 % 64 })
    XCTAssertLessThanOrEqual(try XCTUnwrap(rows.min()), 1)
    XCTAssertGreaterThanOrEqual(try XCTUnwrap(rows.max()), 62)
    XCTAssertEqual(try XCTUnwrap(columns.min()) + (try XCTUnwrap(columns.max())), 63)
  }

  func testADotIsNotBlownUp() throws {
    let dot = Pens.drawing([[(0.9, 0.9)]])
    let image = try dot.image(side: 64)
    let lit = image.pixels.filter { $0 > 127 }.count / 3
    XCTAssertEqual(Double(lit), 3.14159 * 16, accuracy: 5)  // a disc of radius 4
  }

  func testUndoTakesOneLineAway() {
    var drawing = Pens.four
    drawing.undo()
    XCTAssertEqual(drawing.strokes.count, 1)
    drawing.undo()
    drawing.undo()
    XCTAssertTrue(drawing.isEmpty)
  }

  func testAFingerThatRestsAddsNoPoints() {
    var drawing = Drawing()
    drawing.extend(to: Drawing.Point(x: 0.5, y: 0.5))
    drawing.extend(to: Drawing.Point(x: 0.5, y: 0.5))
    XCTAssertEqual(drawing.strokes, [[Drawing.Point(x: 0.5, y: 0.5)]])
  }

  func testAPhotoIsCutToTheSquareInTheMiddleAndTurnedRound() throws {
    let photo = try RGBImage(width: 4, height: 2, gray: [9, 1, 2, 9, 9, 3, 4, 9])
    XCTAssertEqual(
      try photo.asDigit(inkIsDark: false), try RGBImage(width: 2, height: 2, gray: [1, 2, 3, 4]))
    XCTAssertEqual(
      try photo.asDigit(inkIsDark: true),
      try RGBImage(width: 2, height: 2, gray: [254, 253, 252, 251]))
  }
}
