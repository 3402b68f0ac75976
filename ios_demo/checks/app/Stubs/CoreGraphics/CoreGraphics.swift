@_exported import Foundation

func never() -> Never { fatalError("declarations only") }

public typealias CFString = NSString
public typealias CFData = NSData
public typealias CFDictionary = NSDictionary
public final class CGImage: @unchecked Sendable {
  public init?(
    width: Int, height: Int, bitsPerComponent: Int, bitsPerPixel: Int, bytesPerRow: Int,
    space: CGColorSpace, bitmapInfo: CGBitmapInfo, provider: CGDataProvider,
    decode: UnsafePointer<CGFloat>?, shouldInterpolate: Bool, intent: CGColorRenderingIntent
  ) { never() }
}
public final class CGColorSpace: @unchecked Sendable {
  public static let sRGB = NSString()
  public init?(name: CFString) {}
}
public final class CGDataProvider { public init?(data: CFData) {} }
public struct CGBitmapInfo: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}
public enum CGImageAlphaInfo: UInt32 { case none, noneSkipLast }
public enum CGColorRenderingIntent { case defaultIntent }
public enum CGLineCap { case butt, round, square }
public enum CGLineJoin { case miter, round, bevel }
