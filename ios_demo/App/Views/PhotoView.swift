import EdgeKitCore
import PhotosUI
import SwiftUI

/// Pick a photo of a digit, or take one, and see what the model reads.
struct PhotoView: View {
  @Environment(DemoModel.self) private var model
  @State private var picked: PhotosPickerItem?
  @State private var takesPhoto = false

  var body: some View {
    @Bindable var model = model
    SideBySide {
      VStack(spacing: 16) {
        PhotoPreview(photo: model.photo, inkIsDark: model.inkIsDark)
        ViewThatFits {
          HStack { sources }
          VStack { sources }
        }
        .buttonStyle(.bordered)
        Toggle("Dark digit on light ground", isOn: $model.inkIsDark)
      }
    } second: {
      RecognitionView(
        phase: model.photographed,
        hint: "Choose or take a photo of one digit that fills most of the square.")
    }
    .onChange(of: picked) { _, item in load(item) }
    .fullScreenCover(isPresented: $takesPhoto) {
      CameraPicker { result in
        takesPhoto = false
        if let result { model.show(photo: result) }
      }
      .ignoresSafeArea()
    }
  }

  @ViewBuilder private var sources: some View {
    PhotosPicker(selection: $picked, matching: .images) {
      Label("Choose", systemImage: "photo.on.rectangle")
    }
    Button("Take a photo", systemImage: "camera") { takesPhoto = true }
      .disabled(!CameraPicker.isAvailable)
  }

  private func load(_ item: PhotosPickerItem?) {
    guard let item else { return }
    Task {
      do {
        guard let data = try await item.loadTransferable(type: Data.self) else {
          throw EdgeKitError(.input, "The photo can be read.", received: "no picture")
        }
        model.show(photo: .success(try await UprightPhoto.read(data)))
      } catch {
        model.show(photo: .failure(error))
      }
      picked = nil  // so that the same photo can be chosen again
    }
  }
}

/// The square of the photo that the model is shown, as it is shown.
struct PhotoPreview: View {
  let photo: RGBImage?
  let inkIsDark: Bool

  var body: some View {
    ZStack {
      RoundedRectangle(cornerRadius: 12).fill(.quaternary)
      if let shown = photo.flatMap({ try? $0.asDigit(inkIsDark: inkIsDark) })?.picture {
        Image(decorative: shown, scale: 1)
          .resizable()
          .scaledToFit()
          .clipShape(RoundedRectangle(cornerRadius: 12))
      } else {
        Image(systemName: "photo")
          .font(.largeTitle)
          .foregroundStyle(.secondary)
      }
    }
    .aspectRatio(1, contentMode: .fit)
    .accessibilityElement()
    .accessibilityLabel(photo == nil ? "No photo" : "The photo, as the model is shown it")
  }
}
