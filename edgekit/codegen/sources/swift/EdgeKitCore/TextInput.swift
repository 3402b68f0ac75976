/// Text as the model takes it: each character or each word as its index in the vocabulary.
///
/// Entries are compared code point by code point. Swift compares strings otherwise, taking two
/// spellings of one character as equal, which a vocabulary does not.
public struct TextInput: Sendable {
  /// Indices that the model takes.
  public let length: Int
  /// The index of what is not in the vocabulary.
  public let unknownID: Int
  /// Whether each code point is looked up, not each word.
  public let byCharacter: Bool

  private let index: [[UInt8]: Int]

  /// The preprocessing of a text input, as the contract states it.
  ///
  /// A vocabulary of single characters and special entries (`[UNK]`, `<pad>`) is one of code
  /// points; another one is one of words.
  public init(length: Int, vocabulary: [String], unknownID: Int) {
    self.length = length
    self.unknownID = unknownID
    byCharacter = vocabulary.allSatisfy(Self.isCharacter)
    // The first of equal entries counts.
    index = Dictionary(
      vocabulary.enumerated().map { (Array($1.utf8), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// `length` indices: the end of a longer text is cut off, a shorter one filled with 0.
  public func ids(_ text: String) -> [Int] {
    let parts = byCharacter ? Self.characters(text) : Self.words(text)
    let found = parts.prefix(length).map { index[$0] ?? unknownID }
    return found + Array(repeating: 0, count: length - found.count)
  }

  private static func isCharacter(_ entry: String) -> Bool {
    let points = Array(entry.unicodeScalars)
    guard points.count > 1 else { return true }
    let ends = (points[0], points[points.count - 1])
    return points.count > 2 && (ends == ("[", "]") || ends == ("<", ">"))
  }

  private static func characters(_ text: String) -> [[UInt8]] {
    text.unicodeScalars.map { Array(UTF8.encode($0)!) }
  }

  private static func words(_ text: String) -> [[UInt8]] {
    text.unicodeScalars.split(whereSeparator: isBlank).map { Array(String($0).utf8) }
  }

  /// What Python's `str.split` parts words at.
  private static func isBlank(_ point: Unicode.Scalar) -> Bool {
    switch point.value {
    case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f,
      0x205f, 0x3000:
      return true
    default:
      return false
    }
  }
}
