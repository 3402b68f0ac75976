import CoreGraphics
import EdgeKitCore
import Foundation
import ImageIO
import UIKit

/// Photos as upright pixels of a size that a demo needs.
enum UprightPhoto {
  /// Longer sides are made this short at once: the model needs a few pixels of them, and a camera
  /// gives millions.
  static let longestSide = 1024

  /// The pixels of an image file, turned as its EXIF says. Decodes off the main actor.
  ///
  /// - Throws: `EdgeKitError` where it is no image that the system can decode.
  static func read(_ data: Data) async throws -> RGBImage {
    let options: [CFString: Any] = [
      kCGImageSourceCreateThumbnailFromImageAlways: true,
      kCGImageSourceCreateThumbnailWithTransform: true,
      kCGImageSourceThumbnailMaxPixelSize: longestSide,
    ]
    guard let source = CGImageSourceCreateWithData(data as CFData, nil),
      let image = CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary)
    else {
      throw EdgeKitError(.input, "The photo is an image.", received: "\(data.count) bytes")
    }
    return try RGBImage(image)
  }

  /// The pixels of a photo of the camera, which says by its orientation how it was held.
  ///
  /// - Throws: `EdgeKitError` where it has no pixels.
  @MainActor
  static func read(_ photo: UIImage) throws -> RGBImage {
    let scale = min(1, CGFloat(longestSide) / max(photo.size.width, photo.size.height, 1))
    let size = CGSize(
      width: max(1, (photo.size.width * scale).rounded(.down)),
      height: max(1, (photo.size.height * scale).rounded(.down)))
    let format = UIGraphicsImageRendererFormat()
    format.scale = 1
    format.opaque = true
    let upright = UIGraphicsImageRenderer(size: size, format: format).image { _ in
      photo.draw(in: CGRect(origin: .zero, size: size))
    }
    guard let image = upright.cgImage else {
      throw EdgeKitError(.input, "The photo has pixels.", received: "none")
    }
    return try RGBImage(image)
  }
}

extension RGBImage {
  /// The pixels as a picture that can be shown.
  var picture: CGImage? {
    guard let provider = CGDataProvider(data: Data(pixels) as CFData),
      let space = CGColorSpace(name: CGColorSpace.sRGB)
    else { return nil }
    return CGImage(
      width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 24, bytesPerRow: width * 3,
      space: space, bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue),
      provider: provider, decode: nil, shouldInterpolate: true, intent: .defaultIntent)
  }
}
