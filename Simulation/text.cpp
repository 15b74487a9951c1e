#include "text.h"
#include <algorithm>
#include <cctype>
#include <cstring>

std::string trimmed(const std::string &text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

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

uint32_t bytes(const std::string &type) {
    if (type == "pred") return 4;
    const auto digits = type.find_first_of("0123456789");
    if (digits == std::string::npos) throw Fault("no such type: " + type);
    return static_cast<uint32_t>(std::stoul(type.substr(digits)) / 8);
}

uint64_t number(const std::string &text) {
    // The bits of a float.
    if (text.rfind("0f", 0) == 0 || text.rfind("0d", 0) == 0) return std::stoull(text.substr(2), nullptr, 16);
    return text[0] == '-' ? uint64_t(std::stoll(text, nullptr, 0)) : std::stoull(text, nullptr, 0);
}

Variable variable(const std::string &text) {
    Variable found;
    std::string element;
    bool isAlignment = false;
    for (const auto &word : divided(text, ' ')) {
        const auto part = trimmed(word);
        if (part.empty()) continue;
        if (isAlignment) {
            // That of a pointer says where it points.
            if (!found.isPointer) found.alignment = static_cast<uint32_t>(number(part));
            isAlignment = false;
        } else if (part == ".align") isAlignment = true;
        else if (part == ".ptr") found.isPointer = true;
        else if (part == ".shared" && found.isPointer) found.isShared = true;
        else if (part[0] != '.') found.name = part;
        else if (element.empty() && part.find_first_of("0123456789") != std::string::npos) element = part.substr(1);
    }
    found.size = found.element = bytes(element);
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

namespace {
class Reader {
public:
    explicit Reader(const std::string &text) {
        // Without comments; line ends stay.
        for (size_t i = 0; i < text.size(); i++)
            if (text.compare(i, 2, "//") == 0) { while (i < text.size() && text[i] != '\n') i++; plain += '\n'; }
            else plain += text[i] == '\t' ? ' ' : text[i];
    }
    Text found;

    void read() {
        while (skip(), at < plain.size()) {
            if (starts(".version") || starts(".target") || starts(".address_size")) { until('\n'); continue; }
            const auto here = at;
            const auto lineHere = line;
            std::string head;
            while (at < plain.size() && plain[at] != ';' && plain[at] != '=' && plain[at] != '(') head += next();
            const bool isFunction = head.find(".entry") != std::string::npos || head.find(".func") != std::string::npos;
            if (isFunction) at = here, line = lineHere, function();
            else memory(trimmed(head));
        }
    }

private:
    std::string plain;
    size_t at = 0;
    uint32_t line = 0;

    char next() {
        if (at >= plain.size()) throw Fault("the text ends early");
        if (plain[at] == '\n') line++;
        return plain[at++];
    }
    void skip() { while (at < plain.size() && isspace(static_cast<unsigned char>(plain[at]))) next(); }
    bool starts(const char *word) const { return plain.compare(at, std::char_traits<char>::length(word), word) == 0; }
    std::string until(char end) {
        std::string text;
        while (at < plain.size() && plain[at] != end) { const char c = next(); text += c == '\n' ? ' ' : c; }
        if (at < plain.size()) next();
        return text;
    }

    void memory(const std::string &head) {
        const auto memory = variable(head);
        const auto values = until(';');
        if (head.find(".shared") != std::string::npos) { found.shared.push_back(memory); return; }
        if (head.find(".const") == std::string::npos) throw Fault("not known: " + head);
        const auto list = listed(values.empty() ? values : values.substr(1));
        uint32_t total = static_cast<uint32_t>(found.constantMemory.size());
        const uint32_t place = found.constants[memory.name] = allocated(total, memory);
        found.constantMemory.resize(total);
        for (size_t i = 0; i < list.size(); i++) {
            const uint64_t value = number(list[i]);
            memcpy(found.constantMemory.data() + place + i * memory.element, &value, memory.element);
        }
    }

    std::vector<Variable> parameters() {
        next();
        std::vector<Variable> found;
        for (const auto &part : listed(until(')'))) found.push_back(variable(part));
        return found;
    }

    void function() {
        Function function;
        const auto upToBody = [&] {
            std::string head;
            while (plain[at] != '(' && plain[at] != '{' && plain[at] != ';') head += next();
            return head;
        };
        std::string head = upToBody();
        function.isEntry = head.find(".entry") != std::string::npos;
        const auto keyword = function.isEntry ? std::string(".entry") : std::string(".func");
        function.name = trimmed(head.substr(head.find(keyword) + keyword.size()));
        if (function.name.empty()) {
            function.returns = parameters();
            function.name = trimmed(upToBody());
        }
        if (plain[at] == '(') function.parameters = parameters();
        while (plain[at] != '{' && plain[at] != ';') next();
        // What is only declared has its body further below.
        if (next() == ';') return;
        body(function);
        found.functions[function.name] = std::move(function);
    }

    void body(Function &function) {
        int depth = 1;
        while (true) {
            skip();
            const char first = next();
            if (first == '{') { depth++; continue; }
            if (first == '}') { if (--depth == 0) return; continue; }
            Statement statement{std::string(1, first), line};
            // The colon of a label belongs to it.
            for (char c = next(); c != ';'; c = next()) {
                statement.text += c == '\n' ? ' ' : c;
                if (c == ':') break;
            }
            function.body.push_back(statement);
        }
    }
};
} // namespace

Text read(const std::string &text) {
    Reader reader(text);
    reader.read();
    return std::move(reader.found);
}
