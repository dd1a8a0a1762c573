#pragma once

#include <array>
#include <string_view>

// Domains that many unrelated people share. They name no company, so nobody is matched by them. All lists are sorted.
namespace quartet::identity {

// Mail for everybody.
inline constexpr auto kFreeMailDomains = std::to_array<std::string_view>(
    {"126.com",         "163.com",         "21cn.com",        "abv.bg",         "aim.com",        "alice.it",
     "aliyun.com",      "aol.com",         "aon.at",          "arcor.de",       "att.net",        "bell.net",
     "bellsouth.net",   "biglobe.ne.jp",   "bigpond.com",     "bk.ru",          "bluewin.ch",     "blueyonder.co.uk",
     "bol.com.br",      "btinternet.com",  "centrum.cz",      "charter.net",    "chello.at",      "comcast.net",
     "cox.net",         "daum.net",        "docomo.ne.jp",    "duck.com",       "earthlink.net",  "email.com",
     "email.cz",        "ezweb.ne.jp",     "fastmail.com",    "fastmail.fm",    "foxmail.com",    "free.fr",
     "freemail.hu",     "freenet.de",      "gmail.com",       "googlemail.com", "hanmail.net",    "hey.com",
     "hispeed.ch",      "home.nl",         "hushmail.com",    "i.ua",           "icloud.com",     "ig.com.br",
     "iinet.net.au",    "inbox.lv",        "inbox.ru",        "interia.pl",     "internet.ru",    "juno.com",
     "kabelmail.de",    "kakao.com",       "kpnmail.nl",      "laposte.net",    "libero.it",      "list.ru",
     "live.be",         "live.ca",         "live.cl",         "live.cn",        "live.co.uk",     "live.co.za",
     "live.com",        "live.com.ar",     "live.com.au",     "live.com.mx",    "live.com.pt",    "live.de",
     "live.dk",         "live.fr",         "live.ie",         "live.in",        "live.it",        "live.jp",
     "live.nl",         "live.no",         "live.se",         "mac.com",        "mail.bg",        "mail.com",
     "mail.de",         "mail.ee",         "mail.ru",         "mailbox.org",    "mailfence.com",  "me.com",
     "mindspring.com",  "msn.com",         "nate.com",        "naver.com",      "netscape.net",   "neuf.fr",
     "nifty.com",       "ntlworld.com",    "numericable.fr",  "o2.pl",          "onet.pl",        "online.no",
     "op.pl",           "optonline.net",   "optusnet.com.au", "orange.fr",      "outlook.at",     "outlook.be",
     "outlook.cl",      "outlook.co.id",   "outlook.co.nz",   "outlook.co.th",  "outlook.com",    "outlook.com.ar",
     "outlook.com.au",  "outlook.com.br",  "outlook.com.gr",  "outlook.com.tr", "outlook.com.vn", "outlook.cz",
     "outlook.de",      "outlook.dk",      "outlook.es",      "outlook.fr",     "outlook.hu",     "outlook.ie",
     "outlook.in",      "outlook.it",      "outlook.jp",      "outlook.kr",     "outlook.lv",     "outlook.my",
     "outlook.ph",      "outlook.pt",      "outlook.sa",      "outlook.sg",     "outlook.sk",     "passport.com",
     "planet.nl",       "pm.me",           "posteo.de",       "posteo.net",     "proton.me",      "protonmail.ch",
     "protonmail.com",  "qq.com",          "rambler.ru",      "rediffmail.com", "rocketmail.com", "rogers.com",
     "runbox.com",      "sapo.pt",         "sbcglobal.net",   "seznam.cz",      "sfr.fr",         "shaw.ca",
     "sina.cn",         "sina.com",        "skynet.be",       "softbank.ne.jp", "sohu.com",       "startmail.com",
     "swbell.net",      "sympatico.ca",    "t-online.de",     "talktalk.net",   "telenet.be",     "telus.net",
     "terra.com.br",    "tin.it",          "tiscali.it",      "tpg.com.au",     "tuta.com",       "tuta.io",
     "tutamail.com",    "tutanota.com",    "tutanota.de",     "ukr.net",        "uol.com.br",     "verizon.net",
     "virgilio.it",     "virginmedia.com", "vodafone.de",     "wanadoo.es",     "wanadoo.fr",     "web.de",
     "windowslive.com", "wp.pl",           "xtra.co.nz",      "ya.ru",          "yeah.net",       "ymail.com",
     "ziggo.nl",        "zoho.com",        "zohomail.com",    "zohomail.eu",    "zoznam.sk"});

// Providers that have a domain in nearly every country; the label before the public suffix.
inline constexpr auto kFreeMailBrands = std::to_array<std::string_view>({"gmx", "hotmail", "yahoo", "yandex"});

// Networks and platforms whose pages companies give as their web site.
inline constexpr auto kPlatformDomains = std::to_array<std::string_view>(
    {"about.me",     "angel.co",    "bit.ly",       "blogger.com",   "crunchbase.com", "etsy.com",   "facebook.com",
     "fb.com",       "fb.me",       "github.com",   "gitlab.com",    "goo.gl",         "google.com", "instagram.com",
     "linkedin.com", "linktr.ee",   "lnkd.in",      "medium.com",    "pinterest.com",  "reddit.com", "substack.com",
     "t.me",         "telegram.me", "tiktok.com",   "tumblr.com",    "twitter.com",    "vimeo.com",  "vk.com",
     "wa.me",        "weibo.com",   "whatsapp.com", "wikipedia.org", "x.com",          "xing.com",   "yelp.com",
     "youtu.be",     "youtube.com"});

}  // namespace quartet::identity
