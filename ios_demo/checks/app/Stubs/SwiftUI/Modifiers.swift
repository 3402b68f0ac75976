import Observation

public enum ContentMode { case fit, fill }
public struct BorderedButtonStyle {}
public protocol PrimitiveButtonStyle {}
extension BorderedButtonStyle: PrimitiveButtonStyle {}
extension PrimitiveButtonStyle where Self == BorderedButtonStyle {
  public static var bordered: BorderedButtonStyle { never() }
}
public enum NavigationBarItem { public enum TitleDisplayMode { case inline, large, automatic } }
public struct AccessibilityTraits: Sendable {
  public static let allowsDirectInteraction = AccessibilityTraits()
}
public struct AccessibilityChildBehavior: Sendable {
  public static let ignore = AccessibilityChildBehavior()
}

extension View {
  public func environment<T: AnyObject & Observable>(_ object: T?) -> some View { _Changed() }
  public func tabItem<V: View>(@ViewBuilder _ label: () -> V) -> some View { _Changed() }
  public func navigationTitle(_ key: LocalizedStringKey) -> some View { _Changed() }
  @_disfavoredOverload
  public func navigationTitle<S: StringProtocol>(_ title: S) -> some View { _Changed() }
  public func navigationBarTitleDisplayMode(
    _ mode: NavigationBarItem.TitleDisplayMode
  ) -> some View { _Changed() }
  public func toolbar<C: ToolbarContent>(
    @ToolbarContentBuilder content: () -> C
  ) -> some View { _Changed() }
  public func tag<V: Hashable>(_ tag: V) -> some View { _Changed() }
  public func buttonStyle<S: PrimitiveButtonStyle>(_ style: S) -> some View { _Changed() }
  public func disabled(_ disabled: Bool) -> some View { _Changed() }
  public func frame(width: CGFloat? = nil, height: CGFloat? = nil) -> some View { _Changed() }
  public func frame(
    maxWidth: CGFloat? = nil, maxHeight: CGFloat? = nil, alignment: Alignment = .center
  ) -> some View { _Changed() }
  public func padding() -> some View { _Changed() }
  public func background<S: ShapeStyle>(_ style: S) -> some View { _Changed() }
  public func clipShape<S: Shape>(_ shape: S) -> some View { _Changed() }
  public func overlay<V: View>(_ overlay: V) -> some View { _Changed() }
  public func gesture<G: Gesture>(_ gesture: G) -> some View { _Changed() }
  public func aspectRatio(_ ratio: CGFloat?, contentMode: ContentMode) -> some View { _Changed() }
  public func scaledToFit() -> some View { _Changed() }
  public func foregroundStyle<S: ShapeStyle>(_ style: S) -> some View { _Changed() }
  public func font(_ font: Font?) -> some View { _Changed() }
  public func tint(_ color: Color?) -> some View { _Changed() }
  public func ignoresSafeArea() -> some View { _Changed() }
  public func onChange<V: Equatable>(
    of value: V, _ action: @escaping @MainActor (V, V) -> Void
  ) -> some View { _Changed() }
  public func fullScreenCover<V: View>(
    isPresented: Binding<Bool>, @ViewBuilder content: @escaping () -> V
  ) -> some View { _Changed() }
}

extension View {
  public func accessibilityElement(
    children: AccessibilityChildBehavior = .ignore
  ) -> some View { _Changed() }
  public func accessibilityLabel(_ key: LocalizedStringKey) -> some View { _Changed() }
  @_disfavoredOverload
  public func accessibilityLabel<S: StringProtocol>(_ label: S) -> some View { _Changed() }
  public func accessibilityValue(_ value: Text) -> some View { _Changed() }
  public func accessibilityValue(_ key: LocalizedStringKey) -> some View { _Changed() }
  public func accessibilityHint(_ key: LocalizedStringKey) -> some View { _Changed() }
  public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { _Changed() }
  public func accessibilityAction(
    named name: LocalizedStringKey, _ handler: @escaping @MainActor () -> Void
  ) -> some View { _Changed() }
}
