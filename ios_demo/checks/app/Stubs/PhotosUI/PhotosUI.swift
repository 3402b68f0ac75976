import SwiftUI

public protocol Transferable {}
extension Data: Transferable {}
public struct PHPickerFilter: Equatable, Sendable { public static let images = PHPickerFilter() }
public struct PhotosPickerItem: Equatable, Hashable, Sendable {
  public func loadTransferable<T: Transferable>(type: T.Type) async throws -> T? { nil }
}
public struct PhotosPicker<Title: View>: View {
  public init(
    selection: Binding<PhotosPickerItem?>, matching filter: PHPickerFilter? = nil,
    @ViewBuilder label: () -> Title
  ) {}
  public var body: Never { fatalError("declarations only") }
}
