import CoreGraphics
import EdgeKitCore

// EdgeKitCore has this one where CoreGraphics is; here it was compiled without.
extension RGBImage {
  init(_ image: CGImage) throws { fatalError("declarations only") }
}
