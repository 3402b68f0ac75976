import Foundation

@testable import EdgeKitCore

/// One case of `tests/codegen/vectors.txt`, which every language replays.
struct VectorCase {
  var name = ""
  var fields = [String: [String]]()
  var vocabulary = [String]()
  var rawType = ""
  var rawShape = [Int]()
  var raw = [UInt8]()
  var expectedType = ""
  var expected = [UInt8]()

  func words(_ key: String) -> [String] { fields[key] ?? [] }
  func word(_ key: String) -> String { words(key).first ?? "" }
  func integer(_ key: String) -> Int? { words(key).first.flatMap { Int($0) } }

  var normalization: Normalization {
    Normalization(
      mean: words("mean").compactMap { Float($0) }, std: words("std").compactMap { Float($0) })
  }

  /// The cases of the file.
  static func all() throws -> [VectorCase] {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent("../../../tests/codegen/vectors.txt")
    let text = try String(contentsOf: file, encoding: .utf8)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var cases = [VectorCase]()
    var current: VectorCase?
    while let line = lines.popFirst() {
      let words = line.split(separator: " ").map(String.init)
      guard let key = words.first, !key.hasPrefix("#") else { continue }
      let rest = Array(words.dropFirst())
      switch key {
      case "case":
        current = VectorCase(name: rest[0])
      case "end":
        cases.append(current!)
        current = nil
      case "vocabulary":
        for _ in 0..<Int(rest[0])! {
          let entry = String(lines.popFirst()!)
          current!.vocabulary.append(
            entry == "-" ? "" : String(decoding: bytes(entry), as: UTF8.self))
        }
      case "raw":
        current!.rawType = rest[0]
        current!.rawShape = rest.dropFirst().map { Int($0)! }
        current!.raw = bytes(String(lines.popFirst()!))
      case "expected":
        current!.expectedType = rest[0]
        current!.expected = bytes(String(lines.popFirst()!))
      default:
        current!.fields[key] = rest
      }
    }
    precondition(current == nil, "the last case has an end")
    return cases
  }

  fileprivate static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
  }
}

extension VectorCase {
  /// What this package makes of the raw data, as the model stores it.
  func computed() throws -> [UInt8] {
    switch word("kind") {
    case "image": return Stored.bytes(try image(), .float32)
    case "audio": return Stored.bytes(try audio(), .float32)
    case "tabular":
      let values = Stored.doubles(raw, ElementType(rawValue: rawType)!).map { Float($0) }
      let input = TabularInput(
        count: values.count, features: rawShape.last ?? 1, normalization: normalization)
      return Stored.bytes(try input.values(values), .float32)
    case "text":
      let input = TextInput(
        length: integer("length")!, vocabulary: vocabulary, unknownID: integer("unknown")!)
      let hex = word("text") == "-" ? "" : word("text")
      let text = String(decoding: Self.bytes(hex), as: UTF8.self)
      return Stored.bytes(input.ids(text), ElementType(rawValue: expectedType)!)
    default:
      throw EdgeKitError(.input, "A known kind.", received: word("kind"))
    }
  }

  private func image() throws -> [Float] {
    let (height, width) = (rawShape[0], rawShape[1])
    let channels = rawShape.count > 2 ? rawShape[2] : 1
    let image: RGBImage
    switch channels {
    case 1: image = try RGBImage(width: width, height: height, gray: raw)
    case 3: image = try RGBImage(width: width, height: height, pixels: raw)
    default: image = try RGBImage(width: width, height: height, rgba: raw)
    }
    let size = words("size").map { Int($0)! }
    let shorter = integer("shorter") ?? 0
    let input = ImageInput(
      height: size[0], width: size[1], resize: ResizeMethod(rawValue: word("resize"))!,
      shorterSide: shorter == 0 ? nil : shorter,
      channels: ChannelOrder(rawValue: word("channels"))!, normalization: normalization)
    return input.values(image)
  }

  private func audio() throws -> [Float] {
    let channels = rawShape.count > 1 ? rawShape[1] : 1
    let sound: Sound
    switch rawType {
    case "uint8": sound = try Sound(uint8: raw, channels: channels)
    case "int16":
      let values = Stored.integers(raw, .int16).map { Int16($0) }
      sound = try Sound(int16: values, channels: channels)
    default:
      let values = Stored.doubles(raw, .float32).map { Float($0) }
      sound = try Sound(samples: values, channels: channels)
    }
    return AudioInput(window: integer("window")!, normalization: normalization).values(sound)
  }
}
