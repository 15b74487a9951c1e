import COpenCL
import Compute

/// The kernels compiled so far on a device, so that plans share them.
struct KernelLibrary {
    private var programs: [cl_program] = []
    private var places: [LaunchKernel: (program: cl_program, place: KernelPlace)] = [:]
    /// Beyond this many the library starts anew; prepared steps keep what they use.
    private static let bound = 4096

    func place(of kernel: LaunchKernel) -> (program: cl_program, place: KernelPlace)? { places[kernel] }

    /// Takes over a program with some kernels.
    mutating func add(_ program: cl_program, of kernels: [LaunchKernel: KernelPlace]) {
        if places.count + kernels.count > KernelLibrary.bound { releaseAll() }
        programs.append(program)
        for (kernel, place) in kernels { places[kernel] = (program, place) }
    }

    mutating func releaseAll() {
        for program in programs { _ = tessera_clReleaseProgram(program) }
        programs = []
        places = [:]
    }
}
