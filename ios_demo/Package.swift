// swift-tools-version:5.9
import Foundation
import PackageDescription

// The package that `edgekit bundle --ios` makes of the digits, with tests of EdgeKitCore beside it.
// LiteRT's C API: on Linux a library that the linker finds (-Xlinker -LFOLDER), on Apple's systems
// CLiteRT.xcframework in this folder, without which the package builds but has no engine.
#if os(Linux)
  let litert: [Target] = [.systemLibrary(name: "CLiteRT")]
#else
  let framework = "CLiteRT.xcframework"
  let found = FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(framework)")
  let litert: [Target] = found ? [.binaryTarget(name: "CLiteRT", path: framework)] : []
#endif

let package = Package(
  name: "EdgeKitDemo",
  platforms: [.iOS(.v15), .macOS(.v12)],
  products: [
    .library(name: "EdgeKitCore", targets: ["EdgeKitCore"]),
    .library(name: "Digits", targets: ["Digits"]),
  ],
  targets: litert + [
    .target(name: "EdgeKitCore", dependencies: litert.map { .target(name: $0.name) }),
    .target(name: "Digits", dependencies: ["EdgeKitCore"], resources: [.copy("Models")]),
    .testTarget(name: "EdgeKitCoreTests", dependencies: ["EdgeKitCore"]),
    .testTarget(name: "DigitsTests", dependencies: ["Digits"]),
    .testTarget(name: "HostTests", dependencies: ["Digits", "EdgeKitCore"]),
  ]
)
