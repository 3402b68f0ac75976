import SwiftUI

/// Two parts, one above the other; side by side where there is more width than height, as on a
/// phone that was turned. The parts keep their state, whichever way they lie.
struct SideBySide<First: View, Second: View>: View {
  private let first: First
  private let second: Second

  init(@ViewBuilder first: () -> First, @ViewBuilder second: () -> Second) {
    self.first = first()
    self.second = second()
  }

  var body: some View {
    GeometryReader { geometry in
      let isWide = geometry.size.width > geometry.size.height
      let layout =
        isWide ? AnyLayout(HStackLayout(spacing: 24)) : AnyLayout(VStackLayout(spacing: 24))
      layout {
        first
          .frame(
            maxWidth: isWide ? geometry.size.width / 2 : .infinity,
            maxHeight: isWide ? .infinity : geometry.size.height * 0.6)
        ScrollView { second.frame(maxWidth: .infinity) }
      }
      .frame(maxWidth: .infinity, maxHeight: .infinity)
    }
    .padding()
  }
}
