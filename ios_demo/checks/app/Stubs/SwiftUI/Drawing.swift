public protocol ShapeStyle: Sendable {}
public struct Color: View, ShapeStyle {
  public static let accentColor = Color()
  public var body: Never { never() }
}
extension ShapeStyle where Self == Color {
  public static var black: Color { never() }
  public static var white: Color { never() }
  public static var red: Color { never() }
  public static var green: Color { never() }
}
public struct HierarchicalShapeStyle: ShapeStyle {}
extension ShapeStyle where Self == HierarchicalShapeStyle {
  public static var secondary: HierarchicalShapeStyle { never() }
  public static var quaternary: HierarchicalShapeStyle { never() }
}

public protocol Shape: View {}
public struct RoundedRectangle: Shape {
  public init(cornerRadius: CGFloat) {}
  public func strokeBorder<S: ShapeStyle>(_ content: S, lineWidth: CGFloat = 1) -> some View {
    _Changed()
  }
  public var body: Never { never() }
}
extension Shape { public func fill<S: ShapeStyle>(_ content: S) -> some View { _Changed() } }

public struct StrokeStyle: Sendable {
  public init(lineWidth: CGFloat = 1, lineCap: CGLineCap = .butt, lineJoin: CGLineJoin = .miter) {}
}
public struct Path: Equatable, Sendable {
  public init() {}
  public var currentPoint: CGPoint? { never() }
  public mutating func addLines(_ lines: [CGPoint]) {}
  public mutating func addLine(to point: CGPoint) {}
}
public struct GraphicsContext {
  public struct Shading: Sendable {
    public static func color(_ color: Color) -> Shading { never() }
  }
  public func stroke(_ path: Path, with shading: Shading, style: StrokeStyle) {}
}
public struct Canvas: View {
  public init(renderer: @escaping (inout GraphicsContext, CGSize) -> Void) {}
  public var body: Never { never() }
}

public struct Font: Sendable {
  public static let body = Font(), footnote = Font(), headline = Font(), largeTitle = Font()
  public func monospacedDigit() -> Font { self }
}
