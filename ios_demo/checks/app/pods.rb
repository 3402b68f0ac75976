# What a Podfile and podspecs say, as JSON: runs them with the words of CocoaPods' language that
# they may use. Another word, or a word used wrongly, is an error with its line.
#
#   ruby pods.rb Podfile A.podspec B.podspec
require 'json'

# The Podfile: the words of its language that CocoaPods documents, as far as they are used.
class Podfile
  attr_reader :found

  def initialize
    @found = { 'targets' => {} }
    @target = nil
  end

  def platform(name, version)
    @found['platform'] = [name.to_s, version]
  end

  def project(path)
    @found['project'] = path
  end

  def use_frameworks!(linkage: :dynamic)
    raise ArgumentError, "linkage #{linkage}" unless %i[static dynamic].include?(linkage)

    @found['linkage'] = linkage.to_s
  end

  def target(name)
    raise ArgumentError, "target #{name} within #{@target}" if @target

    @target = name
    @found['targets'][name] = {}
    yield
    @target = nil
  end

  def pod(name, version = nil, path: nil)
    raise ArgumentError, "pod #{name} outside of a target" unless @target
    raise ArgumentError, "pod #{name} has a version or a path" if version.nil? == path.nil?

    @found['targets'][@target][name] = { 'version' => version, 'path' => path }.compact
  end
end

# The attributes of a podspec, of which each is set once.
class Specification
  REQUIRED = %w[name version summary homepage license author source].freeze
  OPTIONAL = %w[swift_version static_framework source_files resources].freeze

  attr_reader :found

  def initialize
    @found = { 'dependencies' => {} }
    yield self
    missing = REQUIRED - @found.keys
    raise ArgumentError, "no #{missing.join(', ')}" unless missing.empty?
  end

  (REQUIRED + OPTIONAL).each do |attribute|
    define_method("#{attribute}=") do |value|
      raise ArgumentError, "#{attribute} twice" if @found.key?(attribute)

      @found[attribute] = value
    end
  end

  def platform=(pair)
    @found['platform'] = [pair[0].to_s, pair[1]]
  end

  def dependency(name, version = nil)
    @found['dependencies'][name] = version
  end
end

# `Pod::Spec.new do |spec|`
module Pod
  Spec = Specification
end

podfile = Podfile.new
podfile.instance_eval(File.read(ARGV[0]), ARGV[0])
specs = ARGV.drop(1).to_h { |path| [path, eval(File.read(path), binding, path).found] }
puts JSON.generate('podfile' => podfile.found, 'specs' => specs)
