import EdgeKitCore
import SwiftUI
import UIKit

/// The system's camera, for one photo.
struct CameraPicker: UIViewControllerRepresentable {
  /// Takes the photo; nil where the person took none.
  let onDone: (Result<RGBImage, any Error>?) -> Void

  /// Whether there is a camera: the simulator has none.
  static var isAvailable: Bool { UIImagePickerController.isSourceTypeAvailable(.camera) }

  func makeUIViewController(context: Context) -> UIImagePickerController {
    let picker = UIImagePickerController()
    picker.sourceType = .camera
    picker.delegate = context.coordinator
    return picker
  }

  func updateUIViewController(_ picker: UIImagePickerController, context: Context) {
    context.coordinator.onDone = onDone
  }

  func makeCoordinator() -> Coordinator { Coordinator(onDone: onDone) }

  /// Hears of the photo.
  @MainActor
  final class Coordinator: NSObject, UIImagePickerControllerDelegate,
    UINavigationControllerDelegate
  {
    var onDone: (Result<RGBImage, any Error>?) -> Void

    init(onDone: @escaping (Result<RGBImage, any Error>?) -> Void) {
      self.onDone = onDone
    }

    func imagePickerController(
      _ picker: UIImagePickerController,
      didFinishPickingMediaWithInfo info: [UIImagePickerController.InfoKey: Any]
    ) {
      guard let photo = info[.originalImage] as? UIImage else { return onDone(nil) }
      onDone(Result { try UprightPhoto.read(photo) })
    }

    func imagePickerControllerDidCancel(_ picker: UIImagePickerController) {
      onDone(nil)
    }
  }
}
