// A program in PTX, decoded so that a warp can be led through it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

constexpr int LANES = 32;

/// What is wrong with a program, or with what it does.
struct Fault : std::runtime_error { using std::runtime_error::runtime_error; };

enum class Space : uint8_t { global, shared, constant, parameter, local };

struct Warp;
struct Instruction;
using Action = void (*)(Warp &, const Instruction &);

/// An instruction. Registers are byte offsets in a warp's file, where each has a value for every lane.
struct Instruction {
    Action run = nullptr;
    /// Result and operands; of a matrix multiplication, and of vectors in memory, all their registers.
    std::array<uint32_t, 14> registers{};
    /// Added to an address.
    int64_t offset = 0;
    /// Where a jump goes.
    uint32_t target = 0;
    /// The register that decides whether it is executed, and which way; nothing if negative.
    int32_t guard = -1;
    bool isGuardInverted = false;
    Space space = Space::global;
    /// Values in memory: their number, the bytes of each.
    uint8_t count = 1, size = 4;
    /// Which line of the text it is.
    uint32_t line = 0;
};

struct Parameter { uint32_t offset, size; bool isPointer, isShared; };

struct Kernel {
    std::string name;
    std::vector<Instruction> code;
    std::vector<Parameter> parameters;
    uint32_t parameterBytes = 0, sharedBytes = 0, localBytes = 0, registerBytes = 0;
    /// Registers that have a value before the first instruction: immediate operands, and by their names (`%tid.x`) those
    /// of an item's place.
    struct Constant { uint32_t at; uint64_t value; bool isWide; };
    std::vector<Constant> constants;
    std::map<std::string, uint32_t> special;
};

struct Program {
    std::vector<std::string> lines;
    std::vector<uint8_t> constantMemory;
    std::map<std::string, std::shared_ptr<Kernel>> kernels;
};

/// Decodes PTX text. Throws `Fault` where it has what this simulator does not know.
std::shared_ptr<Program> decode(const std::string &text);

/// The action of an operation by its name with types, as `add.s32`; null if there is none. Those of memory, of control
/// and of matrices are not among them.
Action arithmetic(const std::string &name);

void load(Warp &, const Instruction &);
void loadWide(Warp &, const Instruction &);
void loadSigned(Warp &, const Instruction &);
void loadSignedWide(Warp &, const Instruction &);
void store(Warp &, const Instruction &);
void jump(Warp &, const Instruction &);
void meet(Warp &, const Instruction &);
void barrier(Warp &, const Instruction &);
void leave(Warp &, const Instruction &);
void multiplyTF32(Warp &, const Instruction &);
void multiplyBF16(Warp &, const Instruction &);
