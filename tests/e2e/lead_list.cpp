#include "tests/e2e/lead_list.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace quartet::test {
namespace {

constexpr int kCompanies = 24;
constexpr int kPeoplePerCompany = 9;

struct Row {
  std::string given_name;
  std::string family_name;
  std::string company;
  std::string email;
  std::string phone;
  std::string website;
  std::string value = "12500";
  std::string currency = "EUR";
  std::string notes;
};

std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

class ListMaker {
 public:
  ListMaker() { list_.csv = "First Name,Last Name,Company,Email,Phone,Website,Estimated Value,Currency,Notes\n"; }

  void Accept(const Row& row, const std::string& company) {
    ++list_.accepted;
    if (company.empty()) {
      list_.private_people.insert(row.family_name);
    } else {
      list_.companies.insert(company);
    }
    Append(row);
  }

  void Duplicate(const Row& row) {
    ++list_.duplicates;
    Append(row);
  }

  void Reject(const Row& row, std::vector<std::string> words) {
    list_.rejected[line_] = std::move(words);
    Append(row);
  }

  LeadList Take() { return std::move(list_); }

 private:
  void Append(const Row& row) {
    ++list_.rows;
    const std::array cells = {row.given_name, row.family_name, row.company,  row.email, row.phone,
                              row.website,    row.value,       row.currency, row.notes};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line_ += static_cast<std::size_t>(std::count(cells[i].begin(), cells[i].end(), '\n'));
      list_.csv += (i == 0 ? "" : ",") + Quoted(cells[i]);
    }
    list_.csv += '\n';
    ++line_;
  }

  LeadList list_;
  std::size_t line_ = 2;
};

std::string Company(int number) {
  return fmt::format("Kestrel {:02} Works", number);
}

// The same company as people write it.
std::string Spelling(int number, int person) {
  switch (person % 4) {
    case 0:
      return Company(number);
    case 1:
      return fmt::format("KESTREL {:02} works", number);
    case 2:
      return Company(number) + " GmbH";
    default:
      return " " + Company(number) + ", Inc. ";
  }
}

// A person whom no other row names.
Row Person(int number) {
  return {.given_name = number % 3 == 0 ? "Zoë" : "Ada",
          .family_name = fmt::format("Person{:03}", number),
          .email = fmt::format("ada.person{:03}@mail.example", number),
          .phone = fmt::format("+49 30 {:07}", 1'000'000 + number)};
}

Row Employee(int company, int person) {
  const int number = company * kPeoplePerCompany + person;
  Row row = Person(number);
  row.company = Spelling(company, person);
  // Two in three give the web site; the others are recognised by the company's name.
  if (person % 3 != 2) row.website = fmt::format("https://www.kestrel{:02}.example/", company);
  if (person % 3 == 0) row.email = fmt::format("ada.person{:03}@kestrel{:02}.example", number, company);
  if (person == 5) row.email = fmt::format("ada.person{:03}@gmail.com", number);
  if (person == 6) row.email.clear();
  if (person == 7) row.phone.clear();
  if (person == 8) row.notes = "met at booth 12,\nasked for a \"quote\"";
  return row;
}

// Rows that must be rejected, and why. `number` keeps them apart from each other.
void AddMistakes(ListMaker& list, int number) {
  const auto with = [number](int more, auto change) {
    Row row = Person(number + more);
    row.company = "Mistaken Ltd";
    change(row);
    return row;
  };
  list.Reject(with(0, [](Row& row) { row.given_name = row.family_name = row.company = ""; }), {"company"});
  list.Reject(with(1, [](Row& row) { row.email = row.phone = ""; }), {"e-mail", "phone"});
  list.Reject(with(2, [](Row& row) { row.email = "not an address"; }), {"Email"});
  list.Reject(with(3, [](Row& row) { row.email = "a@@b.example"; }), {"Email"});
  list.Reject(with(4, [](Row& row) { row.value = "-5"; }), {"Estimated Value"});
  list.Reject(with(5, [](Row& row) { row.value = "lots"; }), {"Estimated Value"});
  list.Reject(with(6, [](Row& row) { row.value = "1e999"; }), {"Estimated Value"});
  list.Reject(with(7, [](Row& row) { row.currency = "Euro!"; }), {"Currency"});
  list.Reject(with(8, [](Row& row) { row.phone = "12"; }), {"Phone"});
  list.Reject(with(9, [](Row& row) { row.company = std::string(201, 'x'); }), {"Company"});
  list.Reject(with(10,
                   [](Row& row) {
                     row.email = "missing-at.example";
                     row.value = "lots";
                     row.notes = "wrong\ntwice";
                   }),
              {"Email", "Estimated Value"});
}

// The employee once more, as a second scan has it.
Row SecondScan(int company, int person) {
  Row row = Employee(company, person);
  row.notes = "second scan, day 2";
  if (row.email.empty()) {  // only the phone tells, and it is written another way
    row.phone = fmt::format("(+49) 30-{:07}", 1'000'000 + company * kPeoplePerCompany + person);
    return row;
  }
  row.email = " " + row.email + " ";
  row.email[1] = 'A';
  row.phone.clear();
  return row;
}

}  // namespace

LeadList MakeLeadList() {
  ListMaker list;
  constexpr int kPrivatePeople = 500;
  constexpr int kMistakes = 700;
  for (int company = 0; company < kCompanies; ++company) {
    for (int person = 0; person < kPeoplePerCompany; ++person) {
      list.Accept(Employee(company, person), Company(company));
      // The other spelling may also come while the first is hardly in.
      if (company % 4 == 0 && person == 1) list.Duplicate(SecondScan(company, person));
    }
    if (company % 6 == 3) AddMistakes(list, kMistakes + company * 20);
    if (company % 2 == 1) {
      Row row = Person(kPrivatePeople + company);
      row.email = fmt::format("ada.person{:03}@gmail.com", kPrivatePeople + company);
      list.Accept(row, "");
    }
  }
  for (int company = 0; company < kCompanies; ++company) list.Duplicate(SecondScan(company, company % 7));
  return list.Take();
}

}  // namespace quartet::test
