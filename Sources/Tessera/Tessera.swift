@_exported import Compute
@_exported import Datasets
@_exported import Devices
@_exported import Layers
@_exported import Models
@_exported import Tensors
@_exported import Training
