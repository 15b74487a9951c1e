// Statements to instructions. Functions are written into their callers.
#include "text.h"
#include <cctype>

namespace {
/// Writes one kernel.
class Writer {
public:
    Writer(const Text &text, const Function &function) : text(text), kernel(std::make_shared<Kernel>()) {
        kernel->name = function.name;
        for (const auto &parameter : function.parameters) {
            const uint32_t place = allocated(kernel->parameterBytes, parameter);
            kernel->parameters.push_back({place, parameter.size, parameter.isPointer, parameter.isShared});
            symbols[parameter.name] = {Space::parameter, place};
        }
        for (const auto &[name, place] : text.constants) symbols[name] = {Space::constant, place};
        for (const auto &variable : text.shared)
            symbols[variable.name] = {Space::shared, allocated(kernel->sharedBytes, variable)};
        write(function, "", "");
        emit(leave);
        for (const auto &[place, label] : jumps) {
            const auto found = labels.find(label);
            if (found == labels.end()) throw Fault("no label " + label);
            kernel->code[place].target = found->second;
        }
    }
    std::shared_ptr<Kernel> written() const { return kernel; }

private:
    struct Symbol { Space space; uint32_t place; };
    const Text &text;
    std::shared_ptr<Kernel> kernel;
    std::map<std::string, Symbol> symbols;
    std::map<std::string, uint32_t> widths, registers, labels;
    std::map<std::pair<uint64_t, bool>, uint32_t> immediates;
    std::vector<std::pair<uint32_t, std::string>> jumps;
    uint32_t line = 0, calls = 0;

    Instruction &emit(Action action) {
        kernel->code.push_back({});
        kernel->code.back().run = action;
        kernel->code.back().line = line;
        return kernel->code.back();
    }
    uint32_t room(bool isWide) {
        const uint32_t place = kernel->registerBytes;
        kernel->registerBytes += isWide ? 256 : 128;
        return place;
    }
    uint32_t constant(uint64_t value, bool isWide) {
        const auto [known, isNew] = immediates.try_emplace({value, isWide}, kernel->registerBytes);
        if (isNew) kernel->constants.push_back({room(isWide), value, isWide});
        return known->second;
    }
    bool isWide(const std::string &prefix, const std::string &name) {
        // `%r7` of `%r<9>`, or by its own name.
        auto found = widths.find(prefix + name);
        if (found == widths.end())
            found = widths.find(prefix + name.substr(0, name.find_last_not_of("0123456789") + 1));
        if (found == widths.end()) throw Fault("no such register: " + name);
        return found->second == 8;
    }
    /// A function's own memory, or the program's.
    const Symbol &symbol(const std::string &prefix, const std::string &name) {
        auto found = symbols.find(prefix + name);
        if (found == symbols.end()) found = symbols.find(name);
        if (found == symbols.end()) throw Fault("no such name: " + name);
        return found->second;
    }
    /// Where an operand's lanes are.
    uint32_t operand(const std::string &prefix, const std::string &name, bool wide) {
        if (name[0] == '%') {
            if (name.find('.') != std::string::npos || name == "%laneid") {
                const auto [known, isNew] = kernel->special.try_emplace(name, kernel->registerBytes);
                if (isNew) room(false);
                return known->second;
            }
            if (isWide(prefix, name) != wide) throw Fault("a register of another size: " + name);
            const auto [known, isNew] = registers.try_emplace(prefix + name, kernel->registerBytes);
            if (isNew) room(wide);
            return known->second;
        }
        if (isdigit(static_cast<unsigned char>(name[0])) || name[0] == '-') return constant(number(name), wide);
        return constant(symbol(prefix, name).place, wide);
    }

    void write(const Function &function, const std::string &prefix, const std::string &end) {
        for (const auto &[statement, where] : function.body) {
            line = where;
            try {
                write(trimmed(statement), prefix, end);
            } catch (const Fault &fault) {
                throw Fault(fault.what() + (", line " + std::to_string(where + 1)) + ": " + trimmed(statement));
            }
        }
    }

    void write(std::string statement, const std::string &prefix, const std::string &end) {
        if (statement.empty()) return;
        if (statement.back() == ':') { label(prefix + statement.substr(0, statement.size() - 1)); return; }
        if (statement[0] == '.') { declaration(statement, prefix); return; }
        std::string guard;
        if (statement[0] == '@') {
            const auto space = statement.find(' ');
            guard = statement.substr(1, space - 1);
            statement = trimmed(statement.substr(space));
        }
        const auto space = statement.find_first_of(" ");
        const auto name = statement.substr(0, space), rest = space == std::string::npos ? "" : trimmed(statement.substr(space));
        const auto before = kernel->code.size();
        operation(name, rest, prefix, end);
        if (guard.empty()) return;
        const bool isInverted = guard[0] == '!';
        const auto place = operand(prefix, isInverted ? guard.substr(1) : guard, false);
        for (auto i = before; i < kernel->code.size(); i++) {
            kernel->code[i].guard = static_cast<int32_t>(place);
            kernel->code[i].isGuardInverted = isInverted;
        }
        if (kernel->code.back().run == jump) emit(meet);
    }

    void label(const std::string &name) {
        labels[name] = static_cast<uint32_t>(kernel->code.size());
        emit(meet);
    }

    void declaration(const std::string &declared, const std::string &prefix) {
        if (declared.rfind(".reg", 0) == 0) {
            const auto words = divided(declared.substr(5), '%');
            const uint32_t size = bytes(trimmed(words[0]).substr(1)) == 8 ? 8 : 4;
            for (size_t i = 1; i < words.size(); i++) {
                auto name = words[i].substr(0, words[i].find_first_of("<, "));
                widths[prefix + "%" + name] = size;
            }
        } else if (declared.rfind(".shared", 0) == 0) {
            const auto found = variable(declared);
            symbols[prefix + found.name] = {Space::shared, allocated(kernel->sharedBytes, found)};
        } else if (declared.rfind(".local", 0) == 0 || declared.rfind(".param", 0) == 0) {
            const auto found = variable(declared);
            symbols[prefix + found.name] = {Space::local, allocated(kernel->localBytes, found)};
        } else if (declared.rfind(".pragma", 0) != 0 && declared.rfind(".loc", 0) != 0) throw Fault("an unknown declaration");
    }

    void call(const std::string &called, const std::string &prefix) {
        // (result), name, (arguments)
        std::vector<std::string> lists;
        std::string name, part;
        for (const char c : called) {
            if (c == '(') part.clear();
            else if (c == ')') { lists.push_back(part); part.clear(); }
            else if (c == ',' && name.empty()) { name = trimmed(part); part.clear(); }
            else part += c;
        }
        if (name.empty()) name = trimmed(part);
        const auto found = text.functions.find(name);
        if (found == text.functions.end()) throw Fault("no function " + name);
        const auto inner = prefix + name + "#" + std::to_string(calls++) + ".";
        const auto bind = [&](const std::vector<Variable> &names, const std::string &list) {
            const auto given = listed(list);
            if (given.size() != names.size()) throw Fault("a call with other parameters");
            for (size_t i = 0; i < given.size(); i++) symbols[inner + names[i].name] = symbols.at(prefix + given[i]);
        };
        size_t next = 0;
        if (!found->second.returns.empty()) bind(found->second.returns, lists.at(next++));
        bind(found->second.parameters, next < lists.size() ? lists[next] : "");
        write(found->second, inner, inner + "end");
        label(inner + "end");
    }

    void operation(const std::string &name, const std::string &rest, const std::string &prefix, const std::string &end) {
        const auto parts = divided(name, '.');
        const auto &kind = parts[0];
        if (kind == "bra") { goTo(prefix + rest); return; }
        if (kind == "ret" || kind == "exit") { if (end.empty()) emit(leave); else goTo(end); return; }
        if (name == "bar.sync") { if (rest != "0") throw Fault("not known"); emit(barrier); return; }
        if (kind == "membar" || kind == "fence" || kind == "prefetch") return;
        if (kind == "call") { call(rest, prefix); return; }
        if (kind == "ld" || kind == "st") { memory(parts, rest, prefix); return; }
        if (kind == "cvta") { write("mov.u64 " + rest, prefix, end); return; }
        const auto operands = listed(rest);
        if (kind == "mma") matrices(name, operands, prefix); else compute(name, parts, operands, prefix);
    }

    void matrices(const std::string &name, const std::vector<std::string> &operands, const std::string &prefix) {
        const bool isTF32 = name == "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32";
        if ((!isTF32 && name != "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32") || operands.size() != 14)
            throw Fault("an unknown operation: " + name);
        std::array<uint32_t, 14> places{};
        for (size_t i = 0; i < 14; i++) places[i] = operand(prefix, operands[i], false);
        emit(isTF32 ? multiplyTF32 : multiplyBF16).registers = places;
    }

    /// Whether an operation's operand has 64 bits.
    static bool isWideOperand(const std::vector<std::string> &parts, size_t i) {
        const auto &kind = parts[0];
        const bool wide = bytes(parts.back()) == 8;
        if (parts[1] == "wide" && (i == 0 || i == 3)) return bytes(parts.back()) == 4;
        if (kind == "cvt" && i == 0) return bytes(parts[parts.size() - 2]) == 8;
        const bool isPredicate = (kind == "setp" && i == 0) || (kind == "selp" && i == 3);
        const bool isCount = i >= 2 && (kind == "shl" || kind == "shr" || kind == "bfe");
        return wide && !isPredicate && !isCount;
    }

    void compute(
        const std::string &name, const std::vector<std::string> &parts, const std::vector<std::string> &operands,
        const std::string &prefix) {
        const auto action = arithmetic(name);
        if (action == nullptr) throw Fault("an unknown operation: " + name);
        std::array<uint32_t, 14> places{};
        for (size_t i = 0; i < operands.size(); i++) {
            const bool isWhole = isWideOperand(parts, i);
            const bool isRegister = operands[i][0] == '%' && operands[i].find('.') == std::string::npos;
            if (parts[0] == "cvt" && i == 1 && isRegister && !isWhole && isWide(prefix, operands[i])) {
                // The lower part of a wider register.
                auto &lower = emit(arithmetic("cvt.u32.u64")).registers;
                lower[1] = operand(prefix, operands[i], true);
                places[i] = lower[0] = room(false);
            } else places[i] = operand(prefix, operands[i], isWhole);
        }
        emit(action).registers = places;
    }

    void goTo(const std::string &label) {
        emit(jump);
        jumps.emplace_back(static_cast<uint32_t>(kernel->code.size() - 1), label);
    }

    void memory(const std::vector<std::string> &parts, const std::string &rest, const std::string &prefix) {
        static const std::map<std::string, Space> spaces = {
            {"global", Space::global}, {"shared", Space::shared}, {"const", Space::constant},
            {"param", Space::parameter}, {"local", Space::local}};
        Instruction it;
        it.line = line;
        // OpenCL C 1.2 has no pointers to any memory: without a space it is an item's own.
        const auto space = spaces.find(parts[1]);
        it.space = space == spaces.end() ? Space::local : space->second;
        const auto &type = parts.back();
        it.size = static_cast<uint8_t>(bytes(type));
        for (size_t i = space == spaces.end() ? 1 : 2; i + 1 < parts.size(); i++)
            if (parts[i] == "v2" || parts[i] == "v4") it.count = parts[i] == "v2" ? 2 : 4;
            else if (parts[i] != "nc" && parts[i] != "volatile") throw Fault("not known: " + parts[i]);
        const auto open = rest.find('['), close = rest.find(']');
        auto address = trimmed(rest.substr(open + 1, close - open - 1));
        const auto plus = address.find('+');
        if (plus != std::string::npos) {
            it.offset = static_cast<int64_t>(number(trimmed(address.substr(plus + 1))));
            address = trimmed(address.substr(0, plus));
        }
        if (it.space == Space::parameter) {
            // Those of functions are an item's own memory.
            it.space = symbol(prefix, address).space;
        }
        it.registers[12] = operand(prefix, address, true);
        const auto values = listed(rest.substr(0, open) + rest.substr(close + 1));
        if (values.size() != it.count) throw Fault("not known");
        bool wide = it.size == 8;
        if (parts[0] == "ld" && values[0][0] == '%') wide = isWide(prefix, values[0]);
        for (size_t i = 0; i < values.size(); i++) it.registers[i] = operand(prefix, values[i], wide);
        const bool isSigned = type[0] == 's';
        it.run = parts[0] == "st" ? store : isSigned ? (wide ? loadSignedWide : loadSigned) : wide ? loadWide : load;
        kernel->code.push_back(it);
    }
};
} // namespace

std::shared_ptr<Program> decode(const std::string &ptx) {
    auto program = std::make_shared<Program>();
    program->lines = divided(ptx, '\n');
    auto text = read(ptx);
    for (const auto &[name, function] : text.functions)
        if (function.isEntry) program->kernels[name] = Writer(text, function).written();
    program->constantMemory = std::move(text.constantMemory);
    return program;
}
