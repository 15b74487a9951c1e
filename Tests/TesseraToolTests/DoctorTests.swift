import ComputeOpenCL
import Conformance
import Foundation
import Tessera
import Testing

/// What `tessera doctor` says of a device that computes wrong numbers. Such a device is made of PoCL: in the folder of
/// compiled programs, one is replaced by a wrong one, as if the driver had compiled it so.
@Suite("Doctor", .enabled(if: DeviceSelection.all.contains { $0.info.isPoCL }))
struct DoctorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func doctor(_ cache: String, _ arguments: String...) throws -> Tool.Result {
        try Tool.run(
            ["doctor", "--device", "pocl", "--seconds", "600"] + arguments, in: folder.path,
            environment: ["TESSERA_CACHE_DIR": cache])
    }

    /// The compiled programs that PoCL needs for a case's outputs, and the variants of kernels in them.
    private func compile(_ test: OperationCase, _ cache: String, fault: KernelFault?) throws -> Set<String> {
        let found = OpenCLDevice.discover(shape: nil, cacheFolder: cache, fault: fault).devices
        let device = try #require(found.first { $0.info.isPoCL })
        let problems = try test.disagreements(on: device, outputsOnly: true)
        #expect(problems.isEmpty == (fault == nil), "\(problems)")
        return device.usedVariants
    }

    private func files(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

    /// Makes a folder of programs, one of which is wrong: that of a case whose name no other contains, since the kernels of
    /// several would be compiled together.
    /// - Returns: the case that it belongs to, and the variant.
    private func plant(_ name: String, in cache: String) throws -> (test: OperationCase, variant: String) {
        let test = try #require(CaseRegistry.named(name))
        #expect(CaseRegistry.all.count { $0.name.contains(name) } == 1)
        let wrong = folder.path + "/wrong"
        let variants = try compile(test, cache, fault: nil).filter { $0.hasPrefix("matmul_cpu") }
        let variant = try #require(variants.first)
        #expect(variants.count == 1)
        let fault = KernelFault(variant: variant, text: "acc[i][j] = 0.0f", replacement: "acc[i][j] = 0.5f")
        _ = try compile(test, wrong, fault: fault)
        let (sound, all) = (try files(cache), try files(wrong))
        let (good, bad) = (sound.subtracting(all), all.subtracting(sound))
        #expect(good.count == 1 && bad.count == 1)
        let program = try Data(contentsOf: URL(fileURLWithPath: "\(wrong)/\(try #require(bad.first))"))
        try program.write(to: URL(fileURLWithPath: "\(cache)/\(try #require(good.first))"))
        return (test, variant)
    }

    @Test("a wrong kernel is told of, listed, and not used again; the exit status is 1")
    func wrongKernel() throws {
        let cache = folder.path + "/cache"
        let (test, variant) = try plant("matmul 31x33x29, second transposed", in: cache)

        let first = try doctor(cache, "--only", test.name)
        #expect(first.status == 1 && first.errorLines.isEmpty, "\(first.errors)")
        let lines = first.output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("WRONG: \(test.name): output (0): ") }, "\(first.output)")
        let listed = "LISTED: \(variant) spoils \(test.name) and is not used again (\(cache)/"
        #expect(lines.contains { $0.hasPrefix(listed) && $0.hasSuffix(".failing)") }, "\(first.output)")
        #expect(lines.last?.hasSuffix("cases are wrong") == true, "\(first.output)")

        let second = try doctor(cache, "--only", test.name)
        #expect(second.status == 0 && second.errorLines.isEmpty, "\(second.errors)")
        #expect(second.output.contains("not used, since they gave wrong numbers: \(variant)\n"))
        #expect(second.output.hasSuffix("all agree with the reference\n"), "\(second.output)")

        // Without the list, everything is as it was.
        let list = try #require(try files(cache).first { $0.hasSuffix(".failing") })
        try FileManager.default.removeItem(atPath: "\(cache)/\(list)")
        let third = try doctor(cache, "--only", test.name, "--json")
        #expect(third.status == 1 && third.errorLines.isEmpty, "\(third.errors)")
        let events = try third.json()
        #expect(events.first { $0["event"] as? String == "failure" }?["case"] as? String == test.name)
        let event = events.first { $0["event"] as? String == "listed" }
        #expect(event?["variant"] as? String == variant && event?["list"] as? String == "\(cache)/\(list)")
        #expect(events.last?["event"] as? String == "done" && events.last?["failed"] as? Int ?? 0 > 0)
    }

    @Test("where every other variant is the same program, nothing is listed; the exit status is 1")
    func wrongKernelWithoutAnother() throws {
        let cache = folder.path + "/cache"
        let (test, _) = try plant("matmul 1x1x1", in: cache)
        for _ in 0..<2 {
            let result = try doctor(cache, "--only", test.name)
            #expect(result.status == 1 && result.errorLines.isEmpty, "\(result.errors)")
            #expect(result.output.contains("\nWRONG: \(test.name): output (0): "), "\(result.output)")
            let line = "\nno other variant of a kernel was found that makes \(test.name) right; try another driver\n"
            #expect(result.output.contains(line) && !result.output.contains("LISTED"), "\(result.output)")
        }
        #expect(try !files(cache).contains { $0.hasSuffix(".failing") })
        let events = try doctor(cache, "--only", test.name, "--json").json()
        #expect(events.first { $0["event"] as? String == "unexplained" }?["case"] as? String == test.name)
    }

    @Test("the processes of a check compare every case once")
    func parts() throws {
        let cases = CaseRegistry.all.filter { $0.name.contains("max") }
        var compared: [String: Int] = [:]
        for part in 0..<3 {
            let result = try Tool.run(
                ["doctor", "--device", "cpu", "--only", "max", "--part", "\(part)/3"], in: folder.path)
            #expect(result.status == 0 && result.errorLines.isEmpty, "\(result.errors)")
            for comparison in try result.json() {
                let hasDerivatives = try #require(comparison["hasDerivatives"] as? Bool)
                compared["\(try #require(comparison["name"] as? String)) \(hasDerivatives)", default: 0] += 1
            }
        }
        let differentiable = cases.filter { $0.derivatives > .none }
        #expect(cases.count > 16 && differentiable.count > 8)
        let expected = cases.map { "\($0.name) false" } + differentiable.map { "\($0.name) true" }
        #expect(Set(compared.keys) == Set(expected) && compared.values.allSatisfy { $0 == 1 })
    }

    @Test("a process of the check that is ended is told as the failure of the case that it was at")
    func endedProcess() throws {
        let cache = folder.path + "/cache"
        let result = try Tool.run(
            ["doctor", "--device", "pocl", "--only", "gather"], in: folder.path,
            environment: ["TESSERA_CACHE_DIR": cache, "POCL_CACHE_DIR": folder.path + "/pocl"]
        ) { doctor, _ in
            while doctor.isRunning {
                if let part = try children(of: doctor.processIdentifier).first {
                    kill(part, SIGKILL)
                    return
                }
                usleep(1000)
            }
        }
        #expect(result.status == 1 && result.errorLines.isEmpty, "\(result.errors)")
        let wrong = result.output.split(separator: "\n").filter { $0.hasPrefix("WRONG: ") }
        #expect(wrong.count == 1 && wrong[0].hasSuffix(": the process that checked it was ended by signal 9"))
        #expect(result.output.hasSuffix("\n1 cases are wrong\n"), "\(result.output)")
    }

    /// The processes of a check that a doctor has begun.
    private func children(of parent: Int32) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { number in
            // One that has ended meanwhile has no files.
            guard let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
                let command = try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8),
                let fields = status.split(separator: ")").last?.split(separator: " "), fields.count > 1
            else { return false }
            return Int32(fields[1]) == parent && command.contains("--part")
        }
    }

    @Test("an operation that there is not is refused")
    func unknownOperation() throws {
        let result = try Tool.run(["doctor", "--only", "no such operation"], in: folder.path)
        #expect(result.status == 64 && result.errorLines.count == 1)
        #expect(result.errors.contains("no such operation"))
    }
}
