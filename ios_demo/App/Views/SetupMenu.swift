import Digits
import SwiftUI

/// Which variant of the model runs, and on how many threads.
struct SetupMenu: View {
  @Environment(DemoModel.self) private var model

  var body: some View {
    @Bindable var model = model
    Menu {
      Picker("Variant", selection: $model.setup.variant) {
        ForEach(DigitsVariant.allCases, id: \.self) { variant in
          Text(variant.rawValue).tag(variant)
        }
      }
      Picker("Threads", selection: $model.setup.threads) {
        ForEach(model.threadChoices, id: \.self) { threads in
          Text(threads == 1 ? "1 thread" : "\(threads) threads").tag(threads)
        }
      }
    } label: {
      Label("Variant and threads", systemImage: "slider.horizontal.3")
    }
    .accessibilityValue("\(model.setup.variant.rawValue), threads: \(model.setup.threads)")
  }
}
