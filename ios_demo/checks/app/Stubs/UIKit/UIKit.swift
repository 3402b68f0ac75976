@_exported import CoreGraphics

func never() -> Never { fatalError("declarations only") }

@MainActor open class UIViewController: NSObject { public override init() {} }
open class UINavigationController: UIViewController {}
public final class UIImage: NSObject, @unchecked Sendable {
  public var size: CGSize { never() }
  public var cgImage: CGImage? { never() }
  public func draw(in rectangle: CGRect) {}
}
public final class UIGraphicsImageRendererFormat: NSObject {
  public var scale: CGFloat = 1
  public var opaque = false
}
public final class UIGraphicsImageRendererContext: NSObject {}
public final class UIGraphicsImageRenderer: NSObject {
  public init(size: CGSize, format: UIGraphicsImageRendererFormat) {}
  public func image(actions: (UIGraphicsImageRendererContext) -> Void) -> UIImage { never() }
}
@MainActor public protocol UINavigationControllerDelegate: NSObjectProtocol {}
@MainActor public protocol UIImagePickerControllerDelegate: NSObjectProtocol {
  func imagePickerController(
    _ picker: UIImagePickerController,
    didFinishPickingMediaWithInfo info: [UIImagePickerController.InfoKey: Any])
  func imagePickerControllerDidCancel(_ picker: UIImagePickerController)
}
public final class UIImagePickerController: UINavigationController {
  public enum SourceType: Sendable { case camera, photoLibrary }
  public struct InfoKey: Hashable, Sendable { public static let originalImage = InfoKey() }
  public class func isSourceTypeAvailable(_ type: SourceType) -> Bool { never() }
  public var sourceType = SourceType.photoLibrary
  public weak var delegate: (any UIImagePickerControllerDelegate & UINavigationControllerDelegate)?
}
