// What `limpet serve` serves: the viewer's page, the document of the chosen recordings, and answers of `limpet why`.
//
//     ""                the page
//     api/recordings    {"recordings": [{"name"}], "chosen": 1, "against": 0 | null}
//     api/document      limpet.viewer/1; ?recording=1&against=0 (numbers by their order; against= nothing: compared with none)
//     api/why           limpet.why/1; ?target=app.Session&recording=1&process=4711&snapshot=3
//
// What cannot be read is told in one line of text, status 404 or 500; the others go on.
#ifndef LIMPET_CLI_SERVE_CONTENT_H_
#define LIMPET_CLI_SERVE_CONTENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/keep.h"
#include "serve/content.h"

namespace limpet::cli {

class ServeContent : public serve::Content {
 public:
  // REQUIRES: one path at least. `keep` as for `limpet report`.
  ServeContent(std::vector<std::string> recordings, diagnose::KeepRules keep);
  ~ServeContent() override;

  serve::Answer Get(const serve::Request& request) override;
  std::string Version() const override;

 private:
  // The recording that is looked at, and the one before it to compare with.
  struct Choice {
    size_t recording = 0;
    std::optional<size_t> against;
    auto operator<=>(const Choice&) const = default;
  };
  struct Heap;

  std::optional<Choice> ChoiceOf(const serve::Request& request) const;
  serve::Answer Recordings(const Choice& choice) const;
  serve::Answer Document(const Choice& choice);
  serve::Answer Why(const serve::Request& request, const Choice& choice);

  std::vector<std::string> recordings_;
  diagnose::KeepRules keep_;
  // The last of each: one person looks at one thing at a time.
  Choice document_choice_;
  std::string document_version_;
  std::string document_;
  std::unique_ptr<Heap> heap_;
};

}  // namespace limpet::cli

#endif  // LIMPET_CLI_SERVE_CONTENT_H_
