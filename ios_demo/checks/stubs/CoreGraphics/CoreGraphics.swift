// What EdgeKitCore uses of Apple's CoreGraphics, declared by us, to type-check the reading of
// pictures where there is no SDK of Apple's. Nothing of it runs.

public final class CFString {}

public struct CGRect {
  public init(x: Int, y: Int, width: Int, height: Int) {}
}

public final class CGImage {
  init() {}
  public var width: Int { fatalError() }
  public var height: Int { fatalError() }
}

public final class CGColorSpace {
  public init?(name: CFString) {}
  public static var sRGB: CFString { fatalError() }
}

public enum CGImageAlphaInfo: UInt32 {
  case none, premultipliedLast, premultipliedFirst, last, first, noneSkipLast, noneSkipFirst
}

public final class CGContext {
  public init?(
    data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int,
    bytesPerRow: Int, space: CGColorSpace, bitmapInfo: UInt32
  ) {}
  public func draw(_ image: CGImage, in rectangle: CGRect, byTiling: Bool = false) {}
}
