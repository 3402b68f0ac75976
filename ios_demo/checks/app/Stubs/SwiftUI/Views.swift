@_exported import CoreGraphics
@_exported import Foundation

@MainActor @preconcurrency public protocol View {
  associatedtype Body: View
  @ViewBuilder var body: Body { get }
}
extension Never: View { public var body: Never { never() } }

func never() -> Never { fatalError("declarations only") }

@resultBuilder public enum ViewBuilder {
  public static func buildExpression<Content: View>(_ content: Content) -> Content { content }
  public static func buildBlock() -> EmptyView { never() }
  public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
  public static func buildBlock<each Content: View>(
    _ content: repeat each Content
  ) -> TupleView<(repeat each Content)> { never() }
  public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }
  public static func buildEither<A: View, B: View>(first: A) -> _Either<A, B> { never() }
  public static func buildEither<A: View, B: View>(second: B) -> _Either<A, B> { never() }
}

public struct TupleView<T>: View { public var body: Never { never() } }
public struct _Either<A: View, B: View>: View { public var body: Never { never() } }
public struct _Changed: View { public var body: Never { never() } }
public struct EmptyView: View {
  public init() {}
  public var body: Never { never() }
}
extension Optional: View where Wrapped: View { public var body: Never { never() } }

public protocol Scene {}
@MainActor @preconcurrency public protocol App {
  associatedtype Body: Scene
  var body: Body { get }
  init()
}
extension App { public static func main() { never() } }
public struct WindowGroup<Content: View>: Scene {
  public init(@ViewBuilder content: () -> Content) {}
}

public struct Text: View {
  public init(_ key: LocalizedStringKey) {}
  @_disfavoredOverload public init<S: StringProtocol>(_ content: S) {}
  public init<F: FormatStyle>(_ input: F.FormatInput, format: F)
  where F.FormatInput: Equatable, F.FormatOutput == String {}
  public var body: Never { never() }
}

public struct LocalizedStringKey: Equatable, ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) {}
  public init(stringInterpolation: StringInterpolation) {}
  public struct StringInterpolation: StringInterpolationProtocol {
    public init(literalCapacity: Int, interpolationCount: Int) {}
    public mutating func appendLiteral(_ literal: String) {}
    public mutating func appendInterpolation(_ string: String) {}
    public mutating func appendInterpolation(_ value: Int) {}
    public mutating func appendInterpolation<F: FormatStyle>(_ input: F.FormatInput, format: F)
    where F.FormatInput: Equatable, F.FormatOutput == String {}
  }
}

public struct Image: View {
  public init(systemName: String) {}
  public init(decorative image: CGImage, scale: CGFloat) {}
  public func resizable() -> Image { self }
  public var body: Never { never() }
}

public struct Label<Title: View, Icon: View>: View { public var body: Never { never() } }
extension Label where Title == Text, Icon == Image {
  public init(_ key: LocalizedStringKey, systemImage: String) {}
  @_disfavoredOverload public init<S: StringProtocol>(_ title: S, systemImage: String) {}
}

public struct ProgressView<Title: View>: View {
  public init(value: Double?) where Title == EmptyView {}
  public init(value: Double?, @ViewBuilder label: () -> Title) {}
  public init(_ key: LocalizedStringKey) where Title == Text {}
  public var body: Never { never() }
}

public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content: View>: View {
  public init(
    _ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder content: (Data.Element) -> Content
  ) {}
  public init(_ data: Data, @ViewBuilder content: (Data.Element) -> Content)
  where Data.Element: Identifiable, ID == Data.Element.ID {}
  public var body: Never { never() }
}
