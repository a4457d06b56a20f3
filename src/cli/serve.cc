// limpet serve: recordings in the browser, on this machine only, also while their programs run.
#include "serve/server.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "cli/command.h"
#include "cli/keep_choice.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/serve_content.h"
#include "fmt/format.h"
#include "serve/token.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet...";
constexpr char kExamples[] =
    "  limpet serve app.limpet                  prints an address to open; Ctrl-C ends it\n"
    "  limpet serve app.limpet --open           and opens it in the browser\n"
    "  limpet serve before.limpet after.limpet  did the fix work? The last one, compared with the one before\n"
    "\nThe page follows the recording while its program runs. Whoever has the address can read it, from this machine "
    "only;\n"
    "from another one: ssh -L 8123:127.0.0.1:8123 HOST, and here --port 8123."
    "\n\nExit status: 0 ended by Ctrl-C; 2 wrong usage, no such recording, or the port is taken.";

// Hands the address to whatever the desktop opens addresses with.
void OpenBrowser(const std::string& url) {
  const pid_t child = fork();
  if (child != 0) return;  // where there is no desktop, the address has been printed
  if (const pid_t grandchild = fork(); grandchild != 0) _exit(0);
  setsid();
  execlp("xdg-open", "xdg-open", url.c_str(), nullptr);
  _exit(127);
}

}  // namespace

int RunServe(const std::vector<std::string>& arguments) {
  std::vector<std::string> recordings;
  uint16_t port = 0;
  bool open = false;
  std::optional<std::string> keep_file;
  CLI::App app("Shows recordings in the browser, and follows them while their programs run.");
  Prepare(&app, "serve", kUsage, kExamples);
  app.add_option("recordings", recordings, "made by 'limpet run'")->required()->option_text("NAME.limpet...");
  app.add_option("--port", port, "of 127.0.0.1 (default: any that is free)")->option_text("PORT");
  app.add_flag("--open", open, "opens the address in the browser");
  app.add_option("--keep", keep_file, "patterns of what grows on purpose (default: .limpet-keep, if it is there)")
      ->option_text("FILE");
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;

  for (const std::string& path : recordings) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) continue;
    Complain(fmt::format("there is no recording {}: 'limpet run app.py' makes one", Printable(path)));
    return kExitUsage;
  }
  std::optional<diagnose::KeepRules> keep = ReadKeepRules(keep_file);
  if (!keep) return kExitUsage;
  const Result<std::string> token = serve::MakeToken();
  if (!token.ok()) {
    Complain(token.message());
    return kExitUsage;
  }
  ServeContent content(std::move(recordings), *std::move(keep));
  std::signal(SIGPIPE, SIG_IGN);  // a page that was closed is no reason to end
  const Result<std::unique_ptr<serve::Server>> server = serve::Server::Listen(&content, {port, *token});
  if (!server.ok()) {
    Complain(server.message());
    return kExitUsage;
  }
  const std::string url = (*server)->url();
  if (const int failed = Print(fmt::format("{}\n", url))) return failed;
  if (open) OpenBrowser(url);
  (*server)->Run();
  // An answer that is being worked out may take a minute more, and nobody will get it.
  std::_Exit(0);
}

}  // namespace limpet::cli
