// Descriptions as JSON text, where there is no Python that could hand over dictionaries. It reads what this package's own page
// writes, so it checks no more than that the text ends where it should.
#pragma once

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace thetastar {

class Json {
 public:
  static Json parse(std::string_view text) {
    Reader reader{text};
    Json value = reader.value();
    reader.space();
    if (reader.at != text.size()) reader.fail("the end");
    return value;
  }

  bool contains(const char* key) const { return members_.count(key) > 0; }
  const Json& operator[](const char* key) const { return members_.at(key); }
  const std::vector<Json>& items() const { return items_; }
  std::size_t size() const { return members_.size(); }

  template <class V>
  V as() const {
    if constexpr (std::is_same_v<V, std::string>) {
      return text_;
    } else if constexpr (std::is_arithmetic_v<V>) {
      return static_cast<V>(number_);
    } else {
      V values;
      for (const Json& item : items_) values.push_back(item.as<typename V::value_type>());
      return values;
    }
  }

 private:
  struct Reader {
    std::string_view text;
    std::size_t at = 0;

    [[noreturn]] void fail(const char* wanted) const {
      throw std::invalid_argument("JSON: no " + std::string(wanted) + " at character " + std::to_string(at));
    }
    char next() const { return at < text.size() ? text[at] : '\0'; }
    void space() {
      while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
    }
    void take(char c) {
      if (next() != c) fail("bracket, comma or colon");
      ++at;
    }
    bool word(std::string_view w) {
      if (text.substr(at, w.size()) != w) return false;
      at += w.size();
      return true;
    }

    Json value() {
      space();
      Json v;
      if (next() == '{') return object();
      if (next() == '[') return array();
      if (next() == '"')
        v.text_ = string();
      else if (word("true"))
        v.number_ = 1;
      else if (!word("false") && !word("null"))
        v.number_ = number();
      return v;
    }
    Json object() {
      Json v;
      take('{');
      for (space(); next() != '}'; space()) {
        if (v.members_.size() > 0) take(',');
        space();
        std::string key = string();
        space();
        take(':');
        v.members_[std::move(key)] = value();
      }
      ++at;
      return v;
    }
    Json array() {
      Json v;
      take('[');
      for (space(); next() != ']'; space()) {
        if (v.items_.size() > 0) take(',');
        v.items_.push_back(value());
      }
      ++at;
      return v;
    }
    std::string string() {  // names are plain; of what is escaped, only the character behind the backslash counts
      std::string s;
      take('"');
      for (; next() != '"'; ++at) {
        if (next() == '\\') ++at;
        if (at >= text.size()) fail("closing quotation mark");
        s += text[at];
      }
      ++at;
      return s;
    }
    double number() {
      const std::string digits(text.substr(at, 40));
      char* end = nullptr;
      const double v = std::strtod(digits.c_str(), &end);
      if (end == digits.c_str()) fail("value");
      at += static_cast<std::size_t>(end - digits.c_str());
      return v;
    }
  };

  std::string text_;
  double number_ = 0;
  std::vector<Json> items_;
  std::map<std::string, Json> members_;
};

}  // namespace thetastar
