// The state of what runs: groups of items, led warp by warp.
#pragma once
#include "program.h"
#include <cstring>

constexpr uint32_t ALL_LANES = 0xffffffffu;

/// The memory that a host has allocated: what may be read and written.
struct Allocations {
    struct Range { uintptr_t start; size_t size; };
    /// By their starts.
    std::vector<Range> ranges;
    const Range *containing(uintptr_t address) const;
};

struct Dimensions { uint32_t x = 1, y = 1, z = 1; };

struct Launch {
    const Program &program;
    const Kernel &kernel;
    const std::vector<uint8_t> &parameters;
    /// Of the kernel's own local memory, and what the host gives.
    uint32_t sharedBytes;
    const Allocations &allocations;
    Dimensions groups, items;
};

/// Who has touched a word of shared memory since the last barrier.
struct Touch { uint32_t writeEpoch = 0, writer = 0, readEpoch = 0, reader = 0; };
constexpr uint32_t SEVERAL = 0xffffffffu;

struct Group {
    const Launch &launch;
    std::vector<uint8_t> shared;
    std::vector<Touch> touches;
    std::vector<Warp> warps;
    uint32_t epoch = 1;
    /// The buffer that was looked at last.
    Allocations::Range last{0, 0};
    Dimensions place;

    explicit Group(const Launch &);
    void run(Dimensions place);
};

/// Lanes that are elsewhere in the program, and whether they wait for others there.
struct Branch { uint32_t counter, lanes; bool isWaiting; };

struct Warp {
    Group *group = nullptr;
    uint32_t index = 0, counter = 0;
    uint32_t lanes = 0, alive = 0;
    bool isWaiting = false, isStopped = false;
    /// All ones for a lane that takes part.
    alignas(64) uint32_t takesPart[LANES];
    std::vector<Branch> branches;
    uint8_t *file = nullptr;
    std::vector<uint8_t> storage, local;

    void begin(Group &, uint32_t index);
    void run();
    void choose(uint32_t lanes);

    template <class T> T *at(uint32_t place) { return reinterpret_cast<T *>(file + place); }
    uint32_t item(int lane) const { return index * LANES + lane; }
    [[noreturn]] void fail(const Instruction &, int lane, const std::string &why) const;
};

/// At an instruction that all lanes execute together: whether they are all here. Otherwise others go on.
bool areAllHere(Warp &, const Instruction &);
