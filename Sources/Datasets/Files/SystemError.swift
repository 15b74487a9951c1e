import Foundation

/// What the last failed call to the operating system says, in words.
func lastSystemError() -> String {
    String(cString: strerror(errno))
}
