// PTX text, taken apart: memory, and functions as lists of statements.
#pragma once
#include "program.h"

struct Statement { std::string text; uint32_t line; };

/// Memory with a name, or a parameter.
struct Variable {
    std::string name;
    uint32_t size = 0, alignment = 1;
    /// The bytes of an element.
    uint32_t element = 0;
    bool isPointer = false, isShared = false;
};

struct Function {
    std::string name;
    bool isEntry = false;
    std::vector<Variable> parameters, returns;
    std::vector<Statement> body;
};

struct Text {
    std::map<std::string, Function> functions;
    /// Where constants are.
    std::map<std::string, uint32_t> constants;
    std::vector<uint8_t> constantMemory;
    std::vector<Variable> shared;
};

/// Throws `Fault` where it is not PTX as clang writes it.
Text read(const std::string &text);

std::string trimmed(const std::string &text);
/// The parts between commas, braces taken away.
std::vector<std::string> listed(const std::string &text);
std::vector<std::string> divided(const std::string &text, char by);
/// The bytes of a type.
uint32_t bytes(const std::string &type);
uint64_t number(const std::string &text);
/// Of `.param .align 4 .b8 name[16]` or `.param .u64 .ptr .global .align 1 name`.
Variable variable(const std::string &text);
/// The place of a variable behind what there is.
uint32_t allocated(uint32_t &total, const Variable &variable);
