#include "agent/environment.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"

namespace limpet::agent {

namespace {

constexpr char kAgent[] = "LIMPET_AGENT=";
constexpr char kPreload[] = "LD_PRELOAD=";
constexpr size_t kAgentLength = sizeof kAgent - 1;
constexpr size_t kPreloadLength = sizeof kPreload - 1;

char g_library[1024];         // how LD_PRELOAD named us
char g_child_variable[1024];  // LIMPET_AGENT=... for children; empty: do not trace them

bool StartsWith(const char* text, const char* prefix, size_t length) { return strncmp(text, prefix, length) == 0; }

bool NextOption(const char** rest, char* name, size_t room, const char** value) {
  const char* p = *rest;
  if (!*p) return false;
  size_t n = 0;
  while (*p && *p != ',') {
    if (n + 1 < room) name[n++] = *p;
    ++p;
  }
  name[n] = 0;
  *rest = *p ? p + 1 : p;
  char* equals = strchr(name, '=');
  *value = equals ? equals + 1 : "";
  if (equals) *equals = 0;
  return true;
}

void ReadOptions(const char* text, char* for_children, size_t room) {
  Options& options = g_agent.options;
  char name[128];
  const char* value;
  size_t used = 0;
  for (const char* rest = text; NextOption(&rest, name, sizeof name, &value);) {
    if (strcmp(name, "main") == 0) {
      options.main = *value == '1';
      continue;  // children are not the main program
    }
    if (strcmp(name, "follow") == 0) options.follow = *value != '0';
    if (strcmp(name, "shadow") == 0) options.shadow_files = *value == '1';
    if (strcmp(name, "native") == 0) options.native = *value == '1';
    if (strcmp(name, "tracemalloc") == 0) options.tracemalloc = *value == '1';
    if (strcmp(name, "redact") == 0) options.redact = *value == '1';
    if (strcmp(name, "snapshots") == 0) {
      options.snapshots = strcmp(value, "off") != 0;
      options.snapshots_auto = options.snapshots && strcmp(value, "asked") != 0;
      options.snapshot_every_ns = strtoull(value, nullptr, 10) * 1000000u;
    }
    if (strcmp(name, "epoch") == 0) {
      options.iterations = strcmp(value, "iterations") == 0;
      options.epoch_ns = strtoull(value, nullptr, 10) * 1000000u;
    }
    const int n = snprintf(for_children + used, room - used, "%s%s=%s", used ? "," : "", name, value);
    if (n > 0 && size_t(n) < room - used) used += size_t(n);
  }
}

// LIMPET_AGENT's value: version, directory, options. The directory may contain colons, the options may not.
bool ReadVariable(const char* value) {
  if (!StartsWith(value, "1:", 2)) return false;
  const char* directory = value + 2;
  const char* colon = strrchr(directory, ':');
  if (!colon || size_t(colon - directory) >= sizeof g_agent.options.directory) return false;
  memcpy(g_agent.options.directory, directory, size_t(colon - directory));
  char options[256] = "";
  ReadOptions(colon + 1, options, sizeof options);
  if (g_agent.options.follow) {
    snprintf(g_child_variable, sizeof g_child_variable, "%s1:%s:%s", kAgent, g_agent.options.directory, options);
  }
  return true;
}

// Takes our library out of an LD_PRELOAD list, in place; false when nothing is left.
bool RemoveLibrary(char* list) {
  char* item = list;
  while (*item) {
    size_t length = strcspn(item, ": ");
    char* next = item + length + (item[length] ? 1 : 0);
    if (length == strlen(g_library) && memcmp(item, g_library, length) == 0) {
      memmove(item, next, strlen(next) + 1);
      continue;
    }
    item = next;
  }
  for (size_t n = strlen(list); n && (list[n - 1] == ':' || list[n - 1] == ' ');) list[--n] = 0;
  return *list != 0;
}

void RemoveVariable(char** place) {
  for (; *place; ++place) place[0] = place[1];
}

}  // namespace

bool TakeEnvironment() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(&TakeEnvironment), &info) || !info.dli_fname) return false;
  snprintf(g_library, sizeof g_library, "%s", info.dli_fname);
  bool asked = false;
  for (char** place = environ; place && *place;) {
    if (StartsWith(*place, kAgent, kAgentLength)) {
      asked = ReadVariable(*place + kAgentLength);
      RemoveVariable(place);
    } else if (StartsWith(*place, kPreload, kPreloadLength) && !RemoveLibrary(*place + kPreloadLength)) {
      RemoveVariable(place);
    } else {
      ++place;
    }
  }
  return asked;
}

size_t CountVariables(char* const* environment) {
  size_t count = 0;
  while (environment && environment[count]) ++count;
  return count;
}

char* const* AddEnvironment(char* const* old, char** fresh, char* preload) {
  const size_t count = CountVariables(old);
  if (!g_child_variable[0] || count > kMaxVariables || access(g_library, R_OK) != 0) return old;
  size_t n = 0;
  const char* users = nullptr;
  for (size_t i = 0; i < count; ++i) {
    if (StartsWith(old[i], kAgent, kAgentLength)) return old;  // the caller has put it in itself
    if (StartsWith(old[i], kPreload, kPreloadLength)) users = old[i] + kPreloadLength;
    else fresh[n++] = old[i];
  }
  if (users && strlen(users) + strlen(g_library) + kPreloadLength + 2 > kMaxPreload) return old;
  char* end = stpcpy(stpcpy(preload, kPreload), g_library);
  if (users && *users) stpcpy(stpcpy(end, ":"), users);
  fresh[n++] = preload;
  fresh[n++] = g_child_variable;
  fresh[n] = nullptr;
  return fresh;
}

}  // namespace limpet::agent
