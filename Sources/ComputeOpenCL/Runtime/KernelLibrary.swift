import COpenCL
import Compute

/// The kernels compiled so far on a device, by their source, so that plans share them.
struct KernelLibrary {
    private var programs: [cl_program] = []
    private var places: [KernelSource: (program: cl_program, name: String)] = [:]
    /// Beyond this many the library starts anew; prepared steps keep what they use.
    private static let bound = 4096

    func place(of source: KernelSource) -> (program: cl_program, name: String)? { places[source] }

    /// Takes over a program whose kernel number `i` is `sources[i]`.
    mutating func add(_ program: cl_program, of sources: [KernelSource]) {
        if places.count + sources.count > KernelLibrary.bound { releaseAll() }
        programs.append(program)
        for (index, source) in sources.enumerated() { places[source] = (program, ProgramText.kernelName(index)) }
    }

    mutating func releaseAll() {
        for program in programs { _ = tessera_clReleaseProgram(program) }
        programs = []
        places = [:]
    }
}
