/// How a tensor stores one value, little-endian.
public enum ElementType: String, Sendable {
  case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64

  /// Bytes of one value.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: return 1
    case .int16, .uint16, .float16: return 2
    case .int32, .uint32, .float32: return 4
    case .int64, .uint64, .float64: return 8
    }
  }

  /// Whether values are integers or truth values.
  public var isInteger: Bool {
    switch self {
    case .float16, .float32, .float64: return false
    default: return true
    }
  }

  /// The smallest and largest integer that `Int` and this type hold; nil for floats.
  public var range: ClosedRange<Int>? {
    switch self {
    case .bool: return 0...1
    case .int8: return Int(Int8.min)...Int(Int8.max)
    case .int16: return Int(Int16.min)...Int(Int16.max)
    case .int32: return Int(Int32.min)...Int(Int32.max)
    case .int64: return Int(Int64.min)...Int(Int64.max)
    case .uint8: return 0...Int(UInt8.max)
    case .uint16: return 0...Int(UInt16.max)
    case .uint32: return 0...Int(UInt32.max)
    case .uint64: return 0...Int.max
    case .float16, .float32, .float64: return nil
    }
  }
}
