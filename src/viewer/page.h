// The viewer's page as web/ builds it, and that page with a document inside: one file that needs nothing else.
#ifndef LIMPET_VIEWER_PAGE_H_
#define LIMPET_VIEWER_PAGE_H_

#include <string>
#include <string_view>

namespace limpet::viewer {

// The page without a document: it asks its server for one. Empty where limpet was built without it (`./dev web` makes it).
std::string_view Page();

// A page with a document in it, in the place of `<!--limpet-document-->`. REQUIRES: the page has that place.
std::string FillPage(std::string_view page, std::string_view document);

// The page with this document (WriteViewerDocument) in it, packed where it is large. REQUIRES: Page() is there.
std::string PageWith(std::string_view document);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_PAGE_H_
