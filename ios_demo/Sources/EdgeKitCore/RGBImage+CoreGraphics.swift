#if canImport(CoreGraphics)
  import CoreGraphics

  extension RGBImage {
    /// The pixels of a picture, in sRGB, as they lie in memory: turn a photo upright before.
    ///
    /// Where the picture is transparent it is seen on black.
    ///
    /// - Throws: `EdgeKitError` where the system cannot draw it.
    public init(_ image: CGImage) throws {
      let (width, height) = (image.width, image.height)
      var bytes = [UInt8](repeating: 0, count: width * height * 4)
      let drawn = bytes.withUnsafeMutableBytes { memory -> Bool in
        guard let space = CGColorSpace(name: CGColorSpace.sRGB),
          let context = CGContext(
            data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
            bytesPerRow: width * 4, space: space,
            bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
        else { return false }
        context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
        return true
      }
      guard drawn else {
        throw EdgeKitError(
          .input, "A picture could not be drawn in sRGB.", received: "\(width) x \(height)")
      }
      try self.init(width: width, height: height, rgba: bytes)
    }
  }
#endif
