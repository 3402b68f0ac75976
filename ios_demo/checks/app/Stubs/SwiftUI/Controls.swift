public struct ButtonRole: Sendable {
  public static let destructive = ButtonRole(), cancel = ButtonRole()
}
public struct Button<Title: View>: View { public var body: Never { never() } }
extension Button where Title == Label<Text, Image> {
  public init(
    _ key: LocalizedStringKey, systemImage: String, action: @escaping @MainActor () -> Void
  ) {}
  public init(
    _ key: LocalizedStringKey, systemImage: String, role: ButtonRole?,
    action: @escaping @MainActor () -> Void
  ) {}
}
public struct Toggle<Title: View>: View { public var body: Never { never() } }
extension Toggle where Title == Text {
  public init(_ key: LocalizedStringKey, isOn: Binding<Bool>) {}
}
public struct Picker<Title: View, Selection: Hashable, Content: View>: View {
  public var body: Never { never() }
}
extension Picker where Title == Text {
  public init(
    _ key: LocalizedStringKey, selection: Binding<Selection>, @ViewBuilder content: () -> Content
  ) {}
}
public struct Menu<Title: View, Content: View>: View {
  public init(@ViewBuilder content: () -> Content, @ViewBuilder label: () -> Title) {}
  public var body: Never { never() }
}

public protocol ToolbarContent {}
@resultBuilder public enum ToolbarContentBuilder {
  public static func buildBlock<C: ToolbarContent>(_ content: C) -> C { content }
}
public struct ToolbarItemPlacement: Sendable {
  public static let topBarTrailing = ToolbarItemPlacement()
}
public struct ToolbarItem<Content: View>: ToolbarContent {
  public init(placement: ToolbarItemPlacement, @ViewBuilder content: () -> Content) {}
}

@MainActor @preconcurrency public protocol Gesture<Value> { associatedtype Value }
public struct _Followed<Value>: Gesture {}
extension Gesture {
  public func onChanged(_ action: @escaping @MainActor (Value) -> Void) -> _Followed<Value> {
    never()
  }
  public func onEnded(_ action: @escaping @MainActor (Value) -> Void) -> _Followed<Value> {
    never()
  }
}
public struct DragGesture: Gesture {
  public struct Value: Equatable, Sendable { public var location: CGPoint }
  public init(minimumDistance: CGFloat = 10) {}
}
