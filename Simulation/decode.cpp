// PTX text to instructions. Functions are written into their callers.
#include "program.h"
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace {
struct Statement { std::string text; uint32_t line; };

struct Variable { std::string name; uint32_t size = 0, alignment = 1; bool isPointer = false, isShared = false; };

struct Function {
    std::string name;
    std::vector<Variable> parameters, returns;
    std::vector<Statement> body;
};

std::string trimmed(const std::string &text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// The parts between commas, braces taken away.
std::vector<std::string> listed(const std::string &text) {
    std::vector<std::string> parts;
    std::string part;
    for (const char c : text + ",") {
        if (c == '{' || c == '}') continue;
        if (c == ',') { if (!trimmed(part).empty()) parts.push_back(trimmed(part)); part.clear(); }
        else part += c;
    }
    return parts;
}

std::vector<std::string> divided(const std::string &text, char by) {
    std::vector<std::string> parts(1);
    for (const char c : text) if (c == by) parts.emplace_back(); else parts.back() += c;
    return parts;
}

/// The bytes of a type.
uint32_t bytes(const std::string &type) {
    if (type == "pred") return 4;
    const auto digits = type.find_first_of("0123456789");
    if (digits == std::string::npos) throw Fault("no such type: " + type);
    return static_cast<uint32_t>(std::stoul(type.substr(digits)) / 8);
}

uint64_t number(const std::string &text) {
    if (text.rfind("0f", 0) == 0 || text.rfind("0F", 0) == 0) return std::stoull(text.substr(2), nullptr, 16);
    if (text.rfind("0d", 0) == 0 || text.rfind("0D", 0) == 0) return std::stoull(text.substr(2), nullptr, 16);
    return text[0] == '-' ? uint64_t(std::stoll(text, nullptr, 0)) : std::stoull(text, nullptr, 0);
}

/// Of `.param .align 4 .b8 name[16]` or `.param .u64 .ptr .global .align 1 name`.
Variable variable(const std::string &text) {
    Variable found;
    std::string element;
    bool isAlignment = false;
    for (const auto &word : divided(text, ' ')) {
        const auto part = trimmed(word);
        if (part.empty()) continue;
        if (isAlignment) { if (element.empty()) found.alignment = static_cast<uint32_t>(number(part)); isAlignment = false; }
        else if (part == ".align") isAlignment = true;
        else if (part == ".ptr") found.isPointer = true;
        else if (part == ".shared" && found.isPointer) found.isShared = true;
        else if (part[0] != '.') found.name = part;
        else if (element.empty() && part.find_first_of("0123456789") != std::string::npos) element = part.substr(1);
    }
    found.size = bytes(element);
    found.alignment = std::max(found.alignment, found.size);
    const auto bracket = found.name.find('[');
    if (bracket != std::string::npos) {
        const auto count = trimmed(found.name.substr(bracket + 1));
        found.size *= count[0] == ']' ? 0 : static_cast<uint32_t>(std::stoul(count));
        found.name = found.name.substr(0, bracket);
    }
    return found;
}

uint32_t allocated(uint32_t &total, const Variable &variable) {
    total = (total + variable.alignment - 1) / variable.alignment * variable.alignment;
    const uint32_t place = total;
    total += variable.size;
    return place;
}

class Reader {
public:
    explicit Reader(const std::string &text) {
        // Without comments; line ends stay.
        for (size_t i = 0; i < text.size(); i++)
            if (text.compare(i, 2, "//") == 0) { while (i < text.size() && text[i] != '\n') i++; plain += '\n'; }
            else plain += text[i] == '\t' ? ' ' : text[i];
    }
    std::map<std::string, Function> functions;
    std::vector<std::string> entries;
    std::map<std::string, uint32_t> constants;
    std::vector<uint8_t> constantMemory;
    std::vector<Variable> shared;

    void read() {
        while (skip(), at < plain.size()) {
            if (starts(".version") || starts(".target") || starts(".address_size")) { until('\n'); continue; }
            const auto here = at;
            std::string head;
            while (at < plain.size() && plain[at] != ';' && plain[at] != '=' && plain[at] != '(') head += next();
            if (head.find(".entry") != std::string::npos || head.find(".func") != std::string::npos) { at = here; function(); }
            else memory(trimmed(head));
        }
    }

private:
    std::string plain;
    size_t at = 0;
    uint32_t line = 0;

    char next() { if (plain[at] == '\n') line++; return plain[at++]; }
    void skip() { while (at < plain.size() && isspace(static_cast<unsigned char>(plain[at]))) next(); }
    bool starts(const char *word) const { return plain.compare(at, std::char_traits<char>::length(word), word) == 0; }
    std::string until(char end) {
        std::string text;
        while (at < plain.size() && plain[at] != end) { const char c = next(); text += c == '\n' ? ' ' : c; }
        if (at < plain.size()) next();
        return text;
    }

    void memory(const std::string &head) {
        auto found = variable(head);
        const bool isGiven = plain[at] == '=';
        const auto values = isGiven ? until(';') : (next(), std::string());
        if (head.find(".shared") != std::string::npos) { shared.push_back(found); return; }
        if (head.find(".const") == std::string::npos) throw Fault("not known: " + head);
        const auto list = listed(isGiven ? values.substr(1) : values);
        uint32_t total = static_cast<uint32_t>(constantMemory.size());
        const uint32_t place = constants[found.name] = allocated(total, found);
        constantMemory.resize(total);
        std::string element;
        for (const auto &word : divided(head, ' '))
            if (word.size() > 2 && word[0] == '.' && isdigit(static_cast<unsigned char>(word.back()))) element = word.substr(1);
        const uint32_t size = bytes(element);
        for (size_t i = 0; i < list.size(); i++) {
            const uint64_t value = number(list[i]);
            for (uint32_t b = 0; b < size; b++) constantMemory[place + i * size + b] = static_cast<uint8_t>(value >> 8 * b);
        }
    }

    std::vector<Variable> parameters() {
        next();
        std::vector<Variable> found;
        for (const auto &part : listed(until(')'))) found.push_back(variable(part));
        return found;
    }

    void function() {
        Function found;
        std::string head;
        while (plain[at] != '(' && plain[at] != '{' && plain[at] != ';') head += next();
        const bool isEntry = head.find(".entry") != std::string::npos;
        if (!isEntry && plain[at] == '(' && trimmed(head.substr(head.find(".func") + 5)).empty()) {
            found.returns = parameters();
            skip();
            head = ".func ";
            while (plain[at] != '(' && plain[at] != '{' && plain[at] != ';') head += next();
        }
        found.name = trimmed(head.substr(head.find(isEntry ? ".entry" : ".func") + (isEntry ? 6 : 5)));
        if (plain[at] == '(') found.parameters = parameters();
        while (plain[at] != '{' && plain[at] != ';') next();
        if (next() == ';') return;
        body(found);
        if (isEntry) entries.push_back(found.name);
        functions[found.name] = std::move(found);
    }

    void body(Function &found) {
        int depth = 1;
        while (true) {
            skip();
            if (at >= plain.size()) throw Fault(found.name + " has no end");
            if (plain[at] == '{') { next(); depth++; continue; }
            if (plain[at] == '}') { next(); if (--depth == 0) return; continue; }
            Statement statement{"", line};
            while (plain[at] != ';' && plain[at] != ':') { const char c = next(); statement.text += c == '\n' ? ' ' : c; }
            if (next() == ':') statement.text += ':';
            if (starts("pragma")) continue;
            found.body.push_back(statement);
        }
    }
};

/// Writes one kernel.
class Writer {
public:
    Writer(const Reader &reader, const Function &function) : reader(reader), kernel(std::make_shared<Kernel>()) {
        kernel->name = function.name;
        for (const auto &parameter : function.parameters) {
            const uint32_t place = allocated(kernel->parameterBytes, parameter);
            kernel->parameters.push_back({place, parameter.size, parameter.isPointer, parameter.isShared});
            symbols[parameter.name] = {Space::parameter, place};
        }
        for (const auto &[name, place] : reader.constants) symbols[name] = {Space::constant, place};
        for (const auto &variable : reader.shared)
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
    const Reader &reader;
    std::shared_ptr<Kernel> kernel;
    std::map<std::string, Symbol> symbols;
    std::map<std::string, uint32_t> widths, registers, labels, known;
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
        auto &place = known[std::to_string(value) + (isWide ? "w" : "")];
        if (place == 0) {
            place = room(isWide) + 1;
            kernel->constants.push_back({place - 1, value, isWide});
        }
        return place - 1;
    }
    bool isWide(const std::string &prefix, const std::string &name) {
        const auto found = widths.find(prefix + name.substr(0, name.find_last_not_of("0123456789") + 1));
        const auto whole = widths.find(prefix + name);
        if (whole != widths.end()) return whole->second == 8;
        if (found == widths.end()) throw Fault("no such register: " + name);
        return found->second == 8;
    }
    /// Where an operand's lanes are.
    uint32_t operand(const std::string &prefix, const std::string &name, bool wide) {
        if (name[0] == '%') {
            if (name.find('.') != std::string::npos || name == "%laneid") {
                const auto found = kernel->special.find(name);
                return found != kernel->special.end() ? found->second : kernel->special[name] = room(false);
            }
            if (isWide(prefix, name) != wide) throw Fault("a register of another size: " + name);
            auto &place = registers[prefix + name];
            if (place == 0) place = room(wide) + 1;
            return place - 1;
        }
        if (isdigit(static_cast<unsigned char>(name[0])) || name[0] == '-') return constant(number(name), wide);
        const auto symbol = symbols.find(prefix + name);
        const auto shared = symbol != symbols.end() ? symbol : symbols.find(name);
        if (shared == symbols.end()) throw Fault("no such name: " + name);
        return constant(shared->second.place, wide);
    }

    void write(const Function &function, const std::string &prefix, const std::string &end) {
        for (const auto &[text, where] : function.body) {
            line = where;
            try { write(trimmed(text), prefix, end); }
            catch (const Fault &fault) { throw Fault(std::string(fault.what()) + " (line " + std::to_string(where + 1) + ": " + trimmed(text) + ")"); }
        }
    }

    void write(std::string text, const std::string &prefix, const std::string &end) {
        if (text.empty()) return;
        if (text.back() == ':') { label(prefix + text.substr(0, text.size() - 1)); return; }
        if (text[0] == '.') { declaration(text, prefix); return; }
        std::string guard;
        if (text[0] == '@') {
            const auto space = text.find(' ');
            guard = text.substr(1, space - 1);
            text = trimmed(text.substr(space));
        }
        const auto space = text.find_first_of(" ");
        const auto name = text.substr(0, space), rest = space == std::string::npos ? "" : trimmed(text.substr(space));
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

    void declaration(const std::string &text, const std::string &prefix) {
        if (text.rfind(".reg", 0) == 0) {
            const auto words = divided(text.substr(5), '%');
            const uint32_t size = bytes(trimmed(words[0]).substr(1)) == 8 ? 8 : 4;
            for (size_t i = 1; i < words.size(); i++) {
                auto name = words[i].substr(0, words[i].find_first_of("<, "));
                widths[prefix + "%" + name] = size;
            }
        } else if (text.rfind(".shared", 0) == 0) {
            const auto found = variable(text);
            symbols[prefix + found.name] = {Space::shared, allocated(kernel->sharedBytes, found)};
        } else if (text.rfind(".local", 0) == 0 || text.rfind(".param", 0) == 0) {
            const auto found = variable(text);
            symbols[prefix + found.name] = {Space::local, allocated(kernel->localBytes, found)};
        } else if (text.rfind(".pragma", 0) != 0 && text.rfind(".loc", 0) != 0) throw Fault("an unknown declaration");
    }

    void call(const std::string &text, const std::string &prefix) {
        // (result), name, (arguments)
        std::vector<std::string> lists;
        std::string name, part;
        for (const char c : text) {
            if (c == '(') part.clear();
            else if (c == ')') { lists.push_back(part); part.clear(); }
            else if (c == ',' && lists.size() < 2 && !trimmed(part).empty() && name.empty()) { name = trimmed(part); part.clear(); }
            else if (c != ',' || !part.empty()) part += c;
        }
        const auto found = reader.functions.find(name);
        if (found == reader.functions.end()) throw Fault("no function " + name);
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
        const bool isTF32 = name == "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32";
        if (isTF32 || name == "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32") {
            if (operands.size() != 14) throw Fault("not known");
            std::array<uint32_t, 14> places{};
            for (size_t i = 0; i < 14; i++) places[i] = operand(prefix, operands[i], false);
            emit(isTF32 ? multiplyTF32 : multiplyBF16).registers = places;
            return;
        }
        if (kind == "cvt" && operands.at(1)[0] == '%' && bytes(parts.back()) < 8 && operands[1].find('.') == std::string::npos
            && isWide(prefix, operands[1])) {
            // The lower part of a wider register.
            auto &narrow = emit(arithmetic("cvt.u32.u64"));
            narrow.registers[1] = operand(prefix, operands[1], true);
            const uint32_t part = narrow.registers[0] = room(false);
            const auto converted = arithmetic(name);
            if (converted == nullptr) throw Fault("an unknown operation: " + name);
            auto &it = emit(converted);
            it.registers[0] = operand(prefix, operands[0], bytes(parts[parts.size() - 2]) == 8);
            it.registers[1] = part;
            return;
        }
        const auto action = arithmetic(name);
        if (action == nullptr) throw Fault("an unknown operation: " + name);
        const bool wide = bytes(parts.back()) == 8;
        const bool counts = kind == "shl" || kind == "shr" || kind == "bfe";
        std::array<uint32_t, 14> places{};
        for (size_t i = 0; i < operands.size(); i++) {
            bool isWideOperand = wide;
            if (i == 0 && kind == "setp") isWideOperand = false;
            else if (i == 0 && kind == "cvt") isWideOperand = bytes(parts[parts.size() - 2]) == 8 && name != "cvt.rn.bf16x2.f32";
            else if (i == 0 && parts[1] == "wide") isWideOperand = bytes(parts.back()) == 4;
            else if (i == 3 && parts[1] == "wide") isWideOperand = bytes(parts.back()) == 4;
            else if (i == 3 && kind == "selp") isWideOperand = false;
            else if (i >= 2 && counts) isWideOperand = false;
            places[i] = operand(prefix, operands[i], isWideOperand);
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
            const auto symbol = symbols.find(prefix + address);
            if (symbol == symbols.end()) throw Fault("no such name: " + address);
            it.space = symbol->second.space;
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

std::shared_ptr<Program> decode(const std::string &text) {
    auto program = std::make_shared<Program>();
    program->lines = divided(text, '\n');
    Reader reader(text);
    reader.read();
    program->constantMemory = std::move(reader.constantMemory);
    for (const auto &name : reader.entries)
        program->kernels[name] = Writer(reader, reader.functions.at(name)).written();
    return program;
}
