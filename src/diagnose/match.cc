#include "diagnose/match.h"

#include <algorithm>

namespace limpet::diagnose {
namespace {

bool Names(const Identity& identity, const std::string& place) {
  const std::vector<std::string>& others = identity.other_places;
  return identity.place == place || std::find(others.begin(), others.end(), place) != others.end();
}

bool SamePlace(const Identity& a, const Identity& b) { return a.place == b.place; }
bool OneNamesTheOther(const Identity& a, const Identity& b) { return Names(a, b.place) || Names(b, a.place); }

}  // namespace

Identity IdentityOf(const Finding& f) { return {f.fingerprint, f.place, f.other_places}; }

std::vector<size_t> MatchByIdentity(const std::vector<Identity>& wanted, const std::vector<Identity>& known) {
  std::vector<size_t> partner(wanted.size(), kNoMatch);
  std::vector<bool> taken(known.size(), false);
  const auto pass = [&](auto same) {
    for (size_t i = 0; i < wanted.size(); i++) {
      for (size_t k = 0; k < known.size() && partner[i] == kNoMatch; k++) {
        if (taken[k] || !same(wanted[i], known[k])) continue;
        partner[i] = k;
        taken[k] = true;
      }
    }
  };
  pass([](const Identity& a, const Identity& b) { return a.fingerprint == b.fingerprint; });
  pass(SamePlace);
  pass(OneNamesTheOther);
  return partner;
}

}  // namespace limpet::diagnose
