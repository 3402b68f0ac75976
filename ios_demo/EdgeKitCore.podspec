# For the Podfile beside it; Swift packages use Package.swift.
Pod::Spec.new do |spec|
  spec.name = 'EdgeKitCore'
  spec.version = '0.1.0'
  spec.summary = 'What every bundle of edgekit needs to run a model as the host did.'
  spec.homepage = 'http://example.com'
  spec.license = { :type => 'Apache-2.0', :text => 'LICENSE at the top of the repository' }
  spec.author = 'edgekit'
  spec.source = { :path => '.' }
  spec.platform = :ios, '15.0'
  spec.swift_version = '5.9'
  spec.static_framework = true
  spec.source_files = 'Sources/EdgeKitCore/**/*.swift'
  spec.dependency 'TensorFlowLiteSwift', '2.17.0'
end
