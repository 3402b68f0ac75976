import SwiftUI

/// Digits, read by a model that edgekit made.
@main
struct EdgeKitDemoApp: App {
  @State private var model = DemoModel()

  var body: some Scene {
    WindowGroup {
      MainView()
        .environment(model)
    }
  }
}
