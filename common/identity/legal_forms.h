#pragma once

#include <array>
#include <string_view>

// Legal forms in the spelling that NormaliseCompanyName gives them: folded, without diacritical marks and punctuation.
namespace quartet::identity {

// What may end a company's name, in one word or in initials ("S. A. de C. V." → "sadecv"). Sorted.
inline constexpr auto kLegalForms =
    std::to_array<std::string_view>({"ab",           "ag",          "aktiebolag", "aktiengesellschaft",
                                     "aps",          "as",          "asa",        "bhd",
                                     "bv",           "bvba",        "co",         "company",
                                     "corp",         "corporation", "cv",         "doo",
                                     "ead",          "ehf",         "eirl",       "ek",
                                     "eood",         "eurl",        "fzco",       "fze",
                                     "gbr",          "ggmbh",       "gmbh",       "inc",
                                     "incorporated", "jsc",         "kft",        "kg",
                                     "kgaa",         "kk",          "limitada",   "limited",
                                     "llc",          "lllp",        "llp",        "lp",
                                     "ltd",          "ltda",        "ltee",       "mbh",
                                     "nv",           "nyrt",        "ohg",        "ood",
                                     "ooo",          "ou",          "oy",         "oyj",
                                     "pjsc",         "plc",         "pllc",       "private",
                                     "pte",          "pty",         "pvt",        "sa",
                                     "sadecv",       "sae",         "sagl",       "sal",
                                     "sarl",         "sas",         "sasu",       "sca",
                                     "sci",          "scrl",        "sdn",        "se",
                                     "sia",          "sl",          "slu",        "snc",
                                     "spa",          "spolsro",     "sprl",       "spzoo",
                                     "srl",          "srls",        "sro",        "tbk",
                                     "uab",          "ug",          "ulc",        "unlimited",
                                     "vof",          "zao",         "zrt"});

// What stands before or after it as a word, in Russian, Ukrainian and, abbreviated, in Japanese and Korean. Sorted.
inline constexpr auto kLegalFormsAtEitherEnd =
    std::to_array<std::string_view>({"ао", "зао", "оао", "ооо", "пао", "тов", "тоо", "有", "株", "주"});

// What is joined to it without a space at either end, in Chinese, Japanese and Korean. A form that ends in another one
// stands before it.
inline constexpr auto kAffixedLegalForms = std::to_array<std::string_view>(
    {"株式会社", "有限会社", "合同会社", "股份有限公司", "有限责任公司", "有限公司", "주식회사", "유한회사"});

}  // namespace quartet::identity
