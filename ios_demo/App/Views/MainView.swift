import SwiftUI

/// The four screens.
struct MainView: View {
  var body: some View {
    TabView {
      Screen("Draw") { DrawView() }
        .tabItem { Label("Draw", systemImage: "scribble") }
      Screen("Photo") { PhotoView() }
        .tabItem { Label("Photo", systemImage: "photo") }
      Screen("Benchmark") { BenchmarkView() }
        .tabItem { Label("Benchmark", systemImage: "gauge.with.dots.needle.67percent") }
      Screen("Self-test") { SelfTestView() }
        .tabItem { Label("Self-test", systemImage: "checkmark.seal") }
    }
  }
}

/// A screen with its title, and with the choice of what runs, which all screens share.
struct Screen<Content: View>: View {
  private let title: String
  private let content: Content

  init(_ title: String, @ViewBuilder content: () -> Content) {
    self.title = title
    self.content = content()
  }

  var body: some View {
    NavigationStack {
      content
        .navigationTitle(title)
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
          ToolbarItem(placement: .topBarTrailing) { SetupMenu() }
        }
    }
  }
}
