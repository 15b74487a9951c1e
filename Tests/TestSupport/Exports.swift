@_exported import Conformance
