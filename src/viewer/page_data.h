// Where the page lies in the command: page_data.cc.in puts it there.
#ifndef LIMPET_VIEWER_PAGE_DATA_H_
#define LIMPET_VIEWER_PAGE_DATA_H_

namespace limpet::viewer {

const char* PageBegin();
const char* PageEnd();  // PageBegin() where there is none

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_PAGE_DATA_H_
