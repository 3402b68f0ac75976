/// Values to bytes and back, little-endian, of a type that is known at run time only.
enum Stored {
  /// Integers that lie within the type's range.
  static func bytes(_ values: [Int], _ type: ElementType) -> [UInt8] {
    switch type {
    case .bool, .uint8: return values.map { UInt8($0) }
    case .int8: return values.map { UInt8(bitPattern: Int8($0)) }
    case .int16: return pack(values.map { Int16($0) })
    case .uint16: return pack(values.map { UInt16($0) })
    case .int32: return pack(values.map { Int32($0) })
    case .uint32: return pack(values.map { UInt32($0) })
    case .int64: return pack(values.map { Int64($0) })
    case .uint64: return pack(values.map { UInt64($0) })
    case .float16, .float32, .float64: return bytes(values.map { Float($0) }, type)
    }
  }

  /// Real values; integers they are rounded to lie within the type's range.
  static func bytes(_ values: [Float], _ type: ElementType) -> [UInt8] {
    switch type {
    case .float16: return pack(values.map(HalfFloat.bits))
    case .float32: return pack(values.map(\.bitPattern))
    case .float64: return pack(values.map { Double($0).bitPattern })
    default: return bytes(values.map { Int($0) }, type)
    }
  }

  /// What is stored, as integers; of floats the whole part.
  static func integers(_ bytes: [UInt8], _ type: ElementType) -> [Int] {
    switch type {
    case .bool: return bytes.map { $0 == 0 ? 0 : 1 }
    case .uint8: return bytes.map { Int($0) }
    case .int8: return bytes.map { Int(Int8(bitPattern: $0)) }
    case .int16: return unpack(bytes, Int16.self).map { Int($0) }
    case .uint16: return unpack(bytes, UInt16.self).map { Int($0) }
    case .int32: return unpack(bytes, Int32.self).map { Int($0) }
    case .uint32: return unpack(bytes, UInt32.self).map { Int($0) }
    case .int64: return unpack(bytes, Int64.self).map { Int($0) }
    case .uint64: return unpack(bytes, UInt64.self).map { Int(clamping: $0) }
    case .float16, .float32, .float64: return doubles(bytes, type).map { Int($0) }
    }
  }

  /// What is stored, in 64 bits: exact but for integers beyond 2^53.
  static func doubles(_ bytes: [UInt8], _ type: ElementType) -> [Double] {
    switch type {
    case .float16: return unpack(bytes, UInt16.self).map { Double(HalfFloat.value($0)) }
    case .float32: return unpack(bytes, UInt32.self).map { Double(Float(bitPattern: $0)) }
    case .float64: return unpack(bytes, UInt64.self).map { Double(bitPattern: $0) }
    default: return integers(bytes, type).map { Double($0) }
    }
  }

  private static func pack<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
    values.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }

  private static func unpack<T: FixedWidthInteger>(_ bytes: [UInt8], _: T.Type) -> [T] {
    let size = MemoryLayout<T>.size
    return bytes.withUnsafeBytes { memory in
      (0..<memory.count / size).map {
        T(littleEndian: memory.loadUnaligned(fromByteOffset: $0 * size, as: T.self))
      }
    }
  }
}

/// Half floats as bits. Swift's own `Float16` is missing on Macs with Intel processors.
enum HalfFloat {
  /// The nearest half float, halves to even; infinity beyond its range.
  static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    // From 65520 on the nearest one is infinity.
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    // The distance between half floats here: 2^-24 for the smallest, 2^(exponent - 10) for others.
    let exponent = max(Int(magnitude >> 23) - 127, -14)
    let steps = (Float(bitPattern: magnitude) * power(10 - exponent)).rounded(.toNearestOrEven)
    // The leading bit of a normal number carries into the exponent, as does rounding up.
    let base = exponent == -14 ? 0 : (exponent + 14) << 10
    return sign | UInt16(base + Int(steps))
  }

  /// The value of a half float, exactly.
  static func value(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10) & 0x1f
    let fraction = Float(bits & 0x3ff)
    if exponent == 0x1f { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * power(-24) }
    return sign * (1024 + fraction) * power(exponent - 25)
  }

  private static func power(_ exponent: Int) -> Float {
    Float(sign: .plus, exponent: exponent, significand: 1)
  }
}
