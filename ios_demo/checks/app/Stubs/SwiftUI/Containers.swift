public struct HorizontalAlignment: Sendable {
  public static let leading = HorizontalAlignment(), center = HorizontalAlignment()
}
public struct VerticalAlignment: Sendable { public static let center = VerticalAlignment() }
public struct Alignment: Sendable {
  public static let leading = Alignment(), center = Alignment()
}

public struct VStack<Content: View>: View {
  public init(
    alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil,
    @ViewBuilder content: () -> Content
  ) {}
  public var body: Never { never() }
}
public struct HStack<Content: View>: View {
  public init(
    alignment: VerticalAlignment = .center, spacing: CGFloat? = nil,
    @ViewBuilder content: () -> Content
  ) {}
  public var body: Never { never() }
}
public struct ZStack<Content: View>: View {
  public init(alignment: Alignment = .center, @ViewBuilder content: () -> Content) {}
  public var body: Never { never() }
}
public struct ScrollView<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { never() }
}
public struct ViewThatFits<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { never() }
}
public struct TabView<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { never() }
}
public struct NavigationStack<Root: View>: View {
  public init(@ViewBuilder root: () -> Root) {}
  public var body: Never { never() }
}
public struct List<Content: View>: View {
  public init(@ViewBuilder content: () -> Content) {}
  public var body: Never { never() }
}
public struct Spacer: View {
  public init(minLength: CGFloat? = nil) {}
  public var body: Never { never() }
}
public struct Section<Header: View, Content: View, Footer: View>: View {
  public init(
    @ViewBuilder content: () -> Content, @ViewBuilder header: () -> Header,
    @ViewBuilder footer: () -> Footer
  ) {}
  public init(@ViewBuilder content: () -> Content) where Header == EmptyView, Footer == EmptyView {}
  public init(_ key: LocalizedStringKey, @ViewBuilder content: () -> Content)
  where Header == Text, Footer == EmptyView {}
  @_disfavoredOverload public init<S: StringProtocol>(
    _ title: S, @ViewBuilder content: () -> Content
  ) where Header == Text, Footer == EmptyView {}
  public var body: Never { never() }
}
public struct LabeledContent<Title: View, Content: View>: View {
  public init(_ key: LocalizedStringKey, @ViewBuilder content: () -> Content) where Title == Text {}
  public init<S: StringProtocol>(_ key: LocalizedStringKey, value: S)
  where Title == Text, Content == Text {}
  public init<F: FormatStyle>(_ key: LocalizedStringKey, value: F.FormatInput, format: F)
  where Title == Text, Content == Text, F.FormatInput: Equatable, F.FormatOutput == String {}
  public var body: Never { never() }
}
public struct GeometryProxy: Sendable { public var size: CGSize { never() } }
public struct GeometryReader<Content: View>: View {
  public init(@ViewBuilder content: @escaping (GeometryProxy) -> Content) {}
  public var body: Never { never() }
}

@MainActor @preconcurrency public protocol Layout {}
extension Layout {
  public func callAsFunction<V: View>(@ViewBuilder _ content: () -> V) -> some View {
    TupleView<V>()
  }
}
public struct HStackLayout: Layout {
  public init(alignment: VerticalAlignment = .center, spacing: CGFloat? = nil) {}
}
public struct VStackLayout: Layout {
  public init(alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil) {}
}
public struct AnyLayout: Layout { public init<L: Layout>(_ layout: L) {} }
